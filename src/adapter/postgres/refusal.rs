//! Takes what the driver, the socket or the server said; gives one sentence with what to do next; refuses to repeat a
//! password.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

pub(super) use super::resolve::place;
use super::resolve::{Destination, Host};
use crate::port::DatabaseError;
use crate::run::ServerError;

/// Turns an error of the server into one of the port.
pub(super) fn of_server(error: &ServerError) -> DatabaseError {
    let mut message = error.message.clone();
    for more in [&error.detail, &error.hint].into_iter().flatten() {
        let _ = write!(message, "; {more}");
    }
    match error.code.as_str() {
        code if code.starts_with("08") => DatabaseError::Lost(message),
        code => DatabaseError::Refused { code: code.to_owned(), message },
    }
}

/// Says why a socket could not be opened or broke.
pub(super) fn of_socket(error: &io::Error, host: &Host) -> String {
    let place = place(host);
    match (error.kind(), host) {
        (io::ErrorKind::ConnectionRefused, Host::Tcp { .. }) => {
            format!("{place} refuses connections; is the server running there and listening on TCP (listen_addresses)?")
        }
        (io::ErrorKind::ConnectionRefused, Host::Socket { .. }) => {
            format!("the socket in {place} has no server behind it; is it running?")
        }
        (io::ErrorKind::NotFound, Host::Socket { .. }) => format!(
            "there is no server's socket in {place}; is the server running, or is its socket elsewhere (host=/folder)?"
        ),
        (io::ErrorKind::PermissionDenied, Host::Socket { .. }) => {
            format!("the socket in {place} may not be entered by this login; ask for access to the folder")
        }
        (io::ErrorKind::UnexpectedEof, _) => format!("{place} hung up at once; is it a PostgreSQL server?"),
        _ => format!("{place} cannot be reached: {error}"),
    }
}

/// Says why a TLS handshake failed.
pub(super) fn of_handshake(error: &dyn Error, host: &Host) -> String {
    let reason = innermost(error);
    let advice = if reason.contains("NotValidForName") || reason.contains("not valid for name") {
        "connect by the name that the certificate is for, or use sslmode=verify-ca where names cannot match"
    } else if reason.contains("UnknownIssuer") {
        "point sslrootcert at the authority that signed the server's certificate"
    } else if reason.contains("CaUsedAsEndEntity") {
        "the server's certificate is its own authority: point sslrootcert at a copy of it"
    } else if reason.to_ascii_lowercase().contains("expired") {
        "the server needs a new certificate"
    } else {
        "check the certificates of both sides"
    };
    format!("the TLS handshake with {} failed: {reason}; {advice}", place(host))
}

/// Says why a login failed.
pub(super) fn of_login(
    error: &tokio_postgres::Error,
    said: Option<&ServerError>,
    to: &Destination,
    host: &Host,
    with_password: bool,
    remark: Option<&str>,
) -> String {
    let place = place(host);
    let (user, database) = (&to.user, &to.database);
    let mut sentence = match said.map(|said| (said.code.as_str(), said.message.as_str())) {
        Some(("28P01", _)) if with_password => {
            format!("{place} does not accept the password of `{user}`; check it, or the line in the password file")
        }
        Some(("28P01", _)) => format!(
            "{place} does not let `{user}` in without the right password; give one by PGPASSWORD or a password file"
        ),
        Some(("28000", message)) => {
            format!("{place} does not let `{user}` into `{database}`: {message}; check the login and pg_hba.conf")
        }
        Some(("3D000", _)) => format!("there is no database `{database}` at {place}; check its name (dbname=…)"),
        Some(("42501", message)) => format!("`{user}` may not connect to `{database}` at {place}: {message}"),
        Some(("53300", message)) => format!("{place} has no free connection: {message}"),
        Some(("57P03", message)) => format!("{place} is not ready: {message}; try again shortly"),
        Some((code, message)) => format!("{place} refused the login: {message} ({code})"),
        None => {
            let reason = innermost(error);
            if reason.contains("password missing") {
                format!(
                    "{place} asks for the password of `{user}` and none is known; give one by PGPASSWORD or a password file"
                )
            } else {
                format!("the login at {place} failed: {reason}")
            }
        }
    };
    if let Some(remark) = remark {
        let _ = write!(sentence, "; {remark}");
    }
    sentence
}

/// Returns the text of the error at the bottom.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
