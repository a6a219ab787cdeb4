//! The page on the configuration file: its examples are read, and it leaves out no setting.

use keyrotor_emulator::CloudConfig;

const PAGE: &str = include_str!("../../docs/configuration.md");

#[test]
fn the_examples_are_valid() {
    let examples: Vec<&str> =
        PAGE.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(examples.len() >= 3);
    for example in examples {
        CloudConfig::from_json(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
    }
}

/// The names that a section knows, as the error about one that it does not know lists them.
fn names(wrong: &str) -> Vec<String> {
    let error = CloudConfig::from_json(wrong).expect_err(wrong).to_string();
    let listed = error.split("expected").nth(1).unwrap_or_else(|| panic!("{error}"));
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn no_setting_is_left_out() {
    for (wrong, least) in [
        (r#"{"cache": {"nonsense": 1}}"#, 15),
        (r#"{"cache": {"switches": {"nonsense": 1}}}"#, 10),
        (r#"{"keys": [{"nonsense": 1}]}"#, 4),
        (r#"{"credentials": {"nonsense": 1}}"#, 8),
        (r#"{"entra": {"nonsense": 1}}"#, 10),
        (r#"{"entra": {"applications": [{"nonsense": 1}]}}"#, 5),
        (r#"{"entra": {"managed_identities": [{"nonsense": 1}]}}"#, 4),
        (r#"{"rds": {"nonsense": 1}}"#, 15),
        (r#"{"dsql": {"nonsense": 1}}"#, 8),
        (r#"{"azure_postgres": {"nonsense": 1}}"#, 7),
        (r#"{"credentials": {"roles": [{"nonsense": 1}]}}"#, 3),
    ] {
        let names = names(wrong);
        assert!(names.len() >= least, "{wrong}: {names:?}");
        for name in names {
            let (text, json) = (format!("`{name}`"), format!("\"{name}\""));
            assert!(PAGE.contains(&text) || PAGE.contains(&json), "{wrong}: the page lacks {name}");
        }
    }
}
