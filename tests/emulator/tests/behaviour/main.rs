//! The emulator as its clients see it: real servers, real TLS, a signer and a client of the tests' own.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod backend;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod cluster_client;
#[cfg(test)]
mod control;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod entra;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod login;
#[cfg(test)]
mod passage;
#[cfg(test)]
mod record;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod session;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod support;
