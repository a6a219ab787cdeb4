//! The token manager.

use keyrotor::{Error, TokenManager};
use napi::bindgen_prelude::Env;
use napi_derive::napi;

use crate::callback::FunctionInfo;
use crate::completion::Payload;
use crate::error::thrown;
use crate::host::Host;
use crate::request::Encoding;
use crate::runtime;
use crate::status::{CredentialInfo, StatusInfo};
use crate::watch::Watch;

/// A handle of the core's manager.
#[napi(js_name = "NativeManager")]
pub struct Manager {
    manager: TokenManager,
}

#[napi]
impl Manager {
    /// Reads the request; nothing runs yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: &Env,
        request: &[u8],
        encoding: Encoding,
        host: &Host,
        functions: Vec<FunctionInfo>,
    ) -> napi::Result<Self> {
        let callbacks = host.questions().callbacks(functions);
        let manager = TokenManager::from_request_with(request, encoding.into(), &callbacks);
        Ok(Self { manager: manager.map_err(|error| thrown(env, &error))? })
    }

    /// Begins with the first fetch.
    #[napi(catch_unwind)]
    pub fn start(&self, env: &Env) -> napi::Result<()> {
        self.manager.start().map_err(|error| thrown(env, &error))
    }

    /// The token, without waiting.
    #[napi(catch_unwind)]
    pub fn token(&self, env: &Env) -> napi::Result<String> {
        let token = self.manager.token().map_err(|error| thrown(env, &error))?;
        Ok(token.expose().to_owned())
    }

    /// The credential, without waiting.
    #[napi(catch_unwind)]
    pub fn credential(&self, env: &Env) -> napi::Result<CredentialInfo> {
        let credential = self.manager.credential().map_err(|error| thrown(env, &error))?;
        Ok(CredentialInfo::from(&*credential))
    }

    /// The credential, waiting for it.
    #[napi(catch_unwind)]
    pub fn credential_async(&self, host: &Host, ticket: i64) {
        let manager = self.manager.clone();
        let work = async move { Ok(Payload::Credential(manager.credential_async().await?)) };
        runtime::run(host.completion(ticket), work);
    }

    /// A new credential.
    #[napi(catch_unwind)]
    pub fn refresh(&self, host: &Host, ticket: i64) {
        let manager = self.manager.clone();
        let work = async move { Ok(Payload::Credential(manager.refresh().await?)) };
        runtime::run(host.completion(ticket), work);
    }

    /// A server refused this generation.
    #[napi(catch_unwind)]
    pub fn reject(&self, generation: i64) {
        self.manager.reject(u64::try_from(generation).unwrap_or_default());
    }

    /// A server took this generation.
    #[napi(catch_unwind)]
    pub fn accept(&self, generation: i64) {
        self.manager.accept(u64::try_from(generation).unwrap_or_default());
    }

    /// The current credential and each newer one, under this ticket.
    #[napi(catch_unwind)]
    pub fn watch_tokens(&self, env: &Env, host: &Host, ticket: i64) -> napi::Result<Watch> {
        let watch = || Watch::tokens(self.manager.subscribe()?, host.queue(), ticket);
        watch().map_err(|error: Error| thrown(env, &error))
    }

    /// The events from now on, under this ticket.
    #[napi(catch_unwind)]
    pub fn watch_events(&self, env: &Env, host: &Host, ticket: i64) -> napi::Result<Watch> {
        Watch::events(self.manager.events(), host.queue(), ticket).map_err(|error| thrown(env, &error))
    }

    /// How it stands.
    #[napi(catch_unwind)]
    pub fn status(&self) -> StatusInfo {
        self.manager.status().into()
    }

    /// Ends all of it.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.manager.close();
    }
}
