//! The tenant that is played where nobody describes one.

use super::arguments::EntraWay;
use keyrotor_emulator::entra::{Application, EntraConfig, ManagedIdentity};

/// Object ids: of the application, and of the machine's identity.
const OBJECTS: [&str; 2] = ["00000000-0000-0000-0000-0000000000a1", "00000000-0000-0000-0000-0000000000b1"];
/// The same, the one first that an application is by this way.
pub(super) fn objects(way: EntraWay) -> [&'static str; 2] {
    let [application, of_machine] = OBJECTS;
    match way {
        EntraWay::ServicePrincipal | EntraWay::WorkloadIdentity => [application, of_machine],
        EntraWay::AppService | EntraWay::Imds => [of_machine, application],
    }
}

const APPLICATION: &str = "00000000-0000-0000-0000-0000000000a0";
const IDENTITY: &str = "00000000-0000-0000-0000-0000000000b0";
const SECRET: &str = "made-up";
const SUBJECT: &str = "system:serviceaccount:default:app";

/// One application, with a secret and a workload's identity, and one identity of the machine.
pub(super) fn entra() -> EntraConfig {
    let [object, of_machine] = OBJECTS.map(str::to_owned);
    let application = Application {
        client_id: APPLICATION.to_owned(),
        object_id: object,
        secrets: vec![SECRET.to_owned()],
        certificates: Vec::new(),
        federated_subjects: vec![SUBJECT.to_owned()],
    };
    let identity = ManagedIdentity {
        client_id: IDENTITY.to_owned(),
        object_id: of_machine,
        resource_id: None,
        system_assigned: true,
    };
    EntraConfig {
        applications: vec![application],
        managed_identities: vec![identity],
        ..EntraConfig::default()
    }
}
