//! The shape of each message, read once from the compiled schema.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::FILE_DESCRIPTOR_SET;

/// Fields that stand in the schema only to be refused by name, by message and number.
const REFUSED: [(&str, &[u32]); 2] = [
    (".keyrotor.v1.ConnectionRequest", &[21, 25, 26, 27, 28, 29, 30, 34]),
    (".keyrotor.v1.NodeAddress", &[3]),
];

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Bool,
    /// An unsigned integer of at most so many bits.
    Unsigned(u32),
    Signed,
    Double,
    Text,
    Bytes,
    Enum(String),
    Message(String),
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// As in the `.proto` file; error paths are made of these.
    pub(crate) name: String,
    pub(crate) json_name: String,
    pub(crate) kind: Kind,
    pub(crate) repeated: bool,
    /// The name of its `oneof`, where it is in one.
    pub(crate) oneof: Option<String>,
    pub(crate) refused: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) fields: BTreeMap<u32, Field>,
    /// The entry of a map, which JSON writes as a member of an object.
    pub(crate) is_map_entry: bool,
}

impl Shape {
    pub(crate) fn by_name(&self, name: &str) -> Option<&Field> {
        self.fields.values().find(|field| field.name == name || field.json_name == name)
    }

    /// The arms of a `oneof`, for a message that says what to choose from.
    pub(crate) fn arms(&self, oneof: &str) -> String {
        let names: Vec<&str> = self
            .fields
            .values()
            .filter(|field| field.oneof.as_deref() == Some(oneof))
            .map(|field| field.name.as_str())
            .collect();
        names.join(", ")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Schema {
    messages: HashMap<String, Shape>,
    enums: HashMap<String, BTreeMap<i32, String>>,
}

impl Schema {
    pub(crate) fn get() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA
            .get_or_init(|| FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).map(Self::new).unwrap_or_default())
    }

    pub(crate) fn message(&self, name: &str) -> Option<&Shape> {
        self.messages.get(name)
    }

    pub(crate) fn enum_values(&self, name: &str) -> Option<&BTreeMap<i32, String>> {
        self.enums.get(name)
    }

    fn new(set: FileDescriptorSet) -> Self {
        let mut schema = Self::default();
        for file in set.file {
            let package = format!(".{}", file.package());
            for message in &file.message_type {
                schema.add_message(&package, message);
            }
            for definition in file.enum_type {
                let values = definition.value.iter().map(|v| (v.number(), v.name().to_owned())).collect();
                schema.enums.insert(format!("{package}.{}", definition.name()), values);
            }
        }
        schema
    }

    fn add_message(&mut self, parent: &str, message: &DescriptorProto) {
        let name = format!("{parent}.{}", message.name());
        for nested in &message.nested_type {
            self.add_message(&name, nested);
        }
        let refused =
            REFUSED.iter().find(|(message, _)| *message == name).map_or(&[][..], |(_, numbers)| numbers);
        let fields = message
            .field
            .iter()
            .map(|field| field_of(message, field, refused))
            .map(|field| (field.number, field))
            .collect();
        let is_map_entry = message.options.as_ref().is_some_and(|options| options.map_entry());
        self.messages.insert(name, Shape { fields, is_map_entry });
    }
}

fn field_of(message: &DescriptorProto, field: &FieldDescriptorProto, refused: &[u32]) -> Field {
    let number = u32::try_from(field.number()).unwrap_or_default();
    let oneof = field
        .oneof_index
        .filter(|_| !field.proto3_optional())
        .and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?))
        .map(|oneof| oneof.name().to_owned());
    let kind = match field.r#type() {
        Type::Bool => Kind::Bool,
        Type::Uint32 => Kind::Unsigned(32),
        Type::Uint64 => Kind::Unsigned(64),
        Type::Double => Kind::Double,
        Type::String => Kind::Text,
        Type::Bytes => Kind::Bytes,
        Type::Enum => Kind::Enum(field.type_name().to_owned()),
        Type::Message => Kind::Message(field.type_name().to_owned()),
        _ => Kind::Signed,
    };
    Field {
        number,
        name: field.name().to_owned(),
        json_name: field.json_name().to_owned(),
        kind,
        repeated: field.label() == Label::Repeated,
        oneof,
        refused: refused.contains(&number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_message_that_a_field_names() {
        let schema = Schema::get();
        assert!(schema.messages.len() > 20);
        for shape in schema.messages.values() {
            for field in shape.fields.values() {
                match &field.kind {
                    Kind::Message(name) => assert!(schema.message(name).is_some(), "{name}"),
                    Kind::Enum(name) => assert!(schema.enum_values(name).is_some(), "{name}"),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn every_refused_field_exists() {
        for (message, numbers) in REFUSED {
            for number in numbers {
                assert!(Schema::get().message(message).unwrap().fields[number].refused);
            }
        }
    }

    #[test]
    fn only_kinds_that_the_walkers_check_are_used() {
        // Duration and Timestamp bring int32 and int64; ours bring none.
        let signed: Vec<_> = Schema::get()
            .messages
            .iter()
            .filter(|(name, shape)| {
                !name.starts_with(".google") && shape.fields.values().any(|f| f.kind == Kind::Signed)
            })
            .collect();
        assert!(signed.is_empty(), "{signed:?}");
    }
}
