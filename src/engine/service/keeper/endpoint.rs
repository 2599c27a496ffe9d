//! Whether a service itself accepts connections on a port. The keeper holds the listening socket of a port that is
//! relayed or inherited, so a successful connection to it does not show that the service accepts anything.

use crate::runner::{self, NamespaceConnector};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// The first pause between two checks whether a connection was accepted; each pause is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause between two checks.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Where a service accepts connections to a port.
pub(super) enum Endpoint {
    /// On this port in its own network namespace.
    Namespace(NamespaceConnector, u16),
    /// On this listening socket, which it inherited.
    Inherited(TcpListener),
    /// On this port of the machine, which it bound itself.
    Host(u16),
    /// Nowhere: the service has ended.
    Ended,
}

impl Endpoint {
    /// Connects, and waits until the service has accepted the connection.
    ///
    /// # Errors
    /// Why it did not accept, in one line.
    pub(super) fn check_accepts(self, timeout: Duration) -> Result<(), String> {
        let result = match self {
            Endpoint::Namespace(connector, port) => connector.connect(port, timeout).map(drop),
            Endpoint::Inherited(listener) => return wait_for_accept(&listener, timeout),
            Endpoint::Host(port) => {
                TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), timeout).map(drop)
            }
            Endpoint::Ended => return Err("the service has ended".to_owned()),
        };
        result.map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => "the service does not listen on the port".to_owned(),
            ErrorKind::TimedOut => "connecting timed out".to_owned(),
            _ => error.to_string(),
        })
    }
}

/// Connects to a listening socket that the service shares with the keeper, and waits until the service accepts. The
/// keeper never does.
fn wait_for_accept(listener: &TcpListener, timeout: Duration) -> Result<(), String> {
    let until = Instant::now() + timeout;
    let fault = |error: io::Error| error.to_string();
    let address = listener.local_addr().map_err(fault)?;
    let client = match TcpStream::connect_timeout(&address, timeout) {
        Err(error) if error.kind() == ErrorKind::TimedOut => return Err("connecting timed out".to_owned()),
        result => result.map_err(fault)?,
    };
    let mut pause = FIRST_PAUSE;
    // The length of the queue is cheap to read. If the queue is never empty, the kernel's list of sockets decides.
    while runner::waiting_connections(listener).map_err(fault)? > 0 {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return match runner::is_accepted(&client) {
                Ok(true) => Ok(()),
                Ok(false) => Err("the service does not accept connections".to_owned()),
                Err(error) => Err(error.to_string()),
            };
        }
        client.set_read_timeout(Some(pause.min(left))).map_err(fault)?;
        match client.peek(&mut [0]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            // The service sent something or closed the connection, so it has accepted it.
            _ => return Ok(()),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);
    const SHORT: Duration = Duration::from_millis(100);

    #[test]
    fn an_inherited_socket_passes_once_the_connection_is_accepted() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let endpoint = |listener: &TcpListener| Endpoint::Inherited(listener.try_clone().unwrap());
        let refusal = Err("the service does not accept connections".to_owned());
        assert_eq!(endpoint(&listener).check_accepts(SHORT), refusal);
        let served = listener.try_clone().unwrap();
        let serving = std::thread::spawn(move || (served.accept().unwrap(), served.accept().unwrap()));
        assert_eq!(endpoint(&listener).check_accepts(PATIENCE), Ok(()));
        serving.join().unwrap();
        assert_eq!(endpoint(&listener).check_accepts(SHORT), refusal, "no process accepts any more");
    }

    #[test]
    fn a_queue_that_is_never_empty_does_not_hide_that_the_connection_was_accepted() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let before = TcpStream::connect(address).unwrap();
        let client = TcpStream::connect(address).unwrap();
        let after = TcpStream::connect(address).unwrap();
        let first = listener.accept().unwrap();
        assert!(!runner::is_accepted(&client).unwrap());
        let second = listener.accept().unwrap();
        assert!(runner::is_accepted(&client).unwrap());
        assert_eq!(runner::waiting_connections(&listener).unwrap(), 1);
        assert!(!runner::is_accepted(&after).unwrap());
        drop(second);
        assert!(runner::is_accepted(&client).unwrap(), "it was accepted and closed");
        drop((before, first));
    }

    #[test]
    fn a_port_of_the_machine_passes_while_a_process_listens_on_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(Endpoint::Host(port).check_accepts(PATIENCE), Ok(()));
        drop(listener);
        assert_eq!(
            Endpoint::Host(port).check_accepts(SHORT),
            Err("the service does not listen on the port".to_owned())
        );
        assert_eq!(Endpoint::Ended.check_accepts(SHORT), Err("the service has ended".to_owned()));
    }
}
