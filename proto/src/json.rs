//! Walks proto3 JSON against the schema, before anything is decoded, to the same codes and paths as the
//! walker over bytes.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::Code;
use crate::decode::ShapeError;
use crate::schema::{Field, Kind, Schema, Shape};
use crate::wire::{described, join, malformed, two_arms, unknown_enum};

type Walked<T> = Result<T, ShapeError>;

/// Checks the JSON of the message called `name`.
pub(crate) fn walk(schema: &Schema, name: &str, bytes: &[u8]) -> Walked<()> {
    let node: Node =
        serde_json::from_slice(bytes).map_err(|error| malformed("", format!("not JSON: {error}")))?;
    Walker { schema }.message(name, &node, "")
}

/// JSON that keeps members which stand twice; serde_json's own value drops the first.
enum Node {
    Null,
    Bool,
    Number(f64),
    /// It may be a secret.
    Text(Zeroizing<String>),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

struct Walker<'a> {
    schema: &'a Schema,
}

impl Walker<'_> {
    fn message(&self, name: &str, node: &Node, path: &str) -> Walked<()> {
        if name.starts_with(".google.protobuf.") {
            return match node {
                Node::Text(_) => Ok(()),
                _ => Err(malformed(path, "text is expected, such as \"1.5s\"")),
            };
        }
        let (Some(shape), Node::Object(members)) = (self.schema.message(name), node) else {
            return Err(malformed(path, "an object is expected"));
        };
        let mut seen = HashSet::new();
        let mut oneofs = HashMap::new();
        for (key, value) in members {
            let field = shape.by_name(key).ok_or_else(|| unknown_name(shape, path, key))?;
            let path = join(path, &field.name);
            if !seen.insert(field.number) {
                return Err(ShapeError::new(Code::ConfigDuplicate, path, "given twice"));
            }
            if matches!(value, Node::Null) {
                continue;
            }
            if field.refused {
                return Err(ShapeError::new(
                    Code::ConfigUnsupported,
                    path,
                    "keyrotor does not support this field",
                ));
            }
            if let Some(oneof) = &field.oneof
                && let Some(other) = oneofs.insert(oneof, &field.name)
            {
                return Err(two_arms(shape, oneof, other, &field.name, &path));
            }
            self.field(field, value, &path)?;
        }
        Ok(())
    }

    fn field(&self, field: &Field, node: &Node, path: &str) -> Walked<()> {
        match (&field.kind, node) {
            (Kind::Message(name), Node::Object(members)) if self.is_map(name) => {
                members.iter().try_for_each(|(key, value)| self.map_entry(name, value, &join(path, key)))
            }
            (kind, Node::Array(items)) if field.repeated => {
                items.iter().try_for_each(|item| self.value(kind, item, path))
            }
            (_, _) if field.repeated => Err(malformed(path, "an array is expected")),
            (kind, node) => self.value(kind, node, path),
        }
    }

    fn value(&self, kind: &Kind, node: &Node, path: &str) -> Walked<()> {
        match (kind, node) {
            (Kind::Message(name), node) => self.message(name, node, path),
            (Kind::Enum(name), node) => self.enum_value(name, node, path),
            (Kind::Bool, Node::Bool) | (Kind::Text | Kind::Bytes, Node::Text(_)) => Ok(()),
            (Kind::Unsigned(bits), Node::Number(number)) => unsigned(*bits, *number, path),
            (Kind::Unsigned(bits), Node::Text(text)) => match text.parse::<u64>() {
                Ok(number) => unsigned(*bits, number as f64, path),
                Err(_) => Err(malformed(path, "an unsigned integer is expected")),
            },
            (Kind::Double | Kind::Signed, Node::Number(_) | Node::Text(_)) => Ok(()),
            (kind, _) => Err(malformed(path, format!("{} is expected", described(kind)))),
        }
    }

    fn enum_value(&self, name: &str, node: &Node, path: &str) -> Walked<()> {
        let values = self.schema.enum_values(name);
        let mut known = values.into_iter().flatten();
        match node {
            Node::Text(text) if known.any(|(_, name)| *name == **text) => Ok(()),
            Node::Number(value) if known.any(|(number, _)| f64::from(*number) == *value) => Ok(()),
            Node::Text(text) => Err(unknown_enum(path, text, values)),
            Node::Number(value) => Err(unknown_enum(path, &value.to_string(), values)),
            _ => Err(malformed(path, "an enum value is expected")),
        }
    }

    fn is_map(&self, name: &str) -> bool {
        self.schema.message(name).is_some_and(|shape| shape.is_map_entry)
    }

    fn map_entry(&self, entry: &str, value: &Node, path: &str) -> Walked<()> {
        match self.schema.message(entry).and_then(|shape| shape.by_name("value")) {
            Some(field) => self.field(field, value, path),
            None => Err(malformed(path, "not a map")),
        }
    }
}

fn unsigned(bits: u32, number: f64, path: &str) -> Walked<()> {
    let limit = 2f64.powi(i32::try_from(bits).unwrap_or(64));
    if number.fract() != 0.0 || number < 0.0 || number >= limit {
        return Err(malformed(
            path,
            format!("{number} does not fit into an unsigned integer of {bits} bits"),
        ));
    }
    Ok(())
}

fn unknown_name(shape: &Shape, path: &str, key: &str) -> ShapeError {
    let names: Vec<&str> = shape.fields.values().map(|field| field.json_name.as_str()).collect();
    ShapeError::new(
        Code::ConfigUnknownField,
        join(path, key),
        format!("no field has this name; known are {}", names.join(", ")),
    )
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bool)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Node::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}
