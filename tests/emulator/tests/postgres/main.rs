//! RDS, DSQL and Azure's PostgreSQL on the wire: whole messages and broken ones, real TLS, a real PostgreSQL behind.

#[cfg(test)]
mod azure;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod life;
#[cfg(test)]
mod login;
#[cfg(test)]
mod support;
