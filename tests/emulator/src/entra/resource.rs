//! The resources that tokens can be asked for.

/// The application id of Azure Cache for Redis.
pub(crate) const REDIS_ID: &str = "acca5fbb-b7e4-4009-81f1-37e38fd66d78";
/// Its other name.
pub(crate) const REDIS_URL: &str = "https://redis.azure.com";
/// Azure's databases for PostgreSQL and MySQL.
pub(crate) const DATABASES_URL: &str = "https://ossrdbms-aad.database.windows.net";
/// What else an application may ask for, so that tokens for the wrong place can be had.
const OTHERS: [&str; 3] =
    ["https://management.azure.com", "https://vault.azure.net", "https://graph.microsoft.com"];

/// The `aud` of a token for `resource`, if there is such a resource. Tokens of version 2 name it by its id.
pub(super) fn audience(resource: &str, version: u8) -> Option<String> {
    let name = resource.trim_end_matches('/');
    match name {
        REDIS_ID => Some(REDIS_ID.to_owned()),
        REDIS_URL if version == 2 => Some(REDIS_ID.to_owned()),
        REDIS_URL | DATABASES_URL => Some(resource.to_owned()),
        _ if OTHERS.contains(&name) => Some(resource.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_known_by_name_and_id() {
        assert_eq!(audience("https://redis.azure.com", 1).as_deref(), Some(REDIS_URL));
        assert_eq!(audience("https://redis.azure.com/", 2).as_deref(), Some(REDIS_ID));
        assert_eq!(audience(REDIS_ID, 1).as_deref(), Some(REDIS_ID));
        assert_eq!(audience("https://vault.azure.net/", 1).as_deref(), Some("https://vault.azure.net/"));
        assert_eq!(audience("https://rediss.azure.com", 1), None);
    }
}
