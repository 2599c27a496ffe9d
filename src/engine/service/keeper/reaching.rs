//! Whether a service itself takes connections at a port. The keeper holds the listening socket of a port that is
//! relayed or passed on, so that a connection to it alone says nothing about the service.

use crate::runner::{self, Door};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// The first pause between two looks at a connection that was not accepted yet; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Where a service takes the connections of a port.
pub(super) enum Entry {
    /// At this port of its own network.
    Behind(Door, u16),
    /// At this listening socket, which it inherited.
    Inherited(TcpListener),
    /// At this port of the machine, which it opened itself.
    Own(u16),
    /// Nowhere: its network is gone.
    Gone,
}

impl Entry {
    /// Connects, and waits until the service has taken the connection.
    ///
    /// # Errors
    /// Why it did not, in a line.
    pub(super) fn try_out(self, timeout: Duration) -> Result<(), String> {
        let result = match self {
            Entry::Behind(door, port) => door.connect(port, timeout).map(drop),
            Entry::Inherited(listener) => return taken(&listener, timeout),
            Entry::Own(port) => {
                TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), timeout).map(drop)
            }
            Entry::Gone => return Err("the service has ended".to_owned()),
        };
        result.map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => "the service does not listen at the port".to_owned(),
            ErrorKind::TimedOut => "no connection in time".to_owned(),
            _ => error.to_string(),
        })
    }
}

/// Connects to a listening socket that others hold too, and waits until one of them accepts the connection.
fn taken(listener: &TcpListener, timeout: Duration) -> Result<(), String> {
    let until = Instant::now() + timeout;
    let fault = |error: io::Error| error.to_string();
    let address = listener.local_addr().map_err(fault)?;
    let client = match TcpStream::connect_timeout(&address, timeout) {
        Err(error) if error.kind() == ErrorKind::TimedOut => return Err("no connection in time".to_owned()),
        result => result.map_err(fault)?,
    };
    let mut pause = FIRST_PAUSE;
    // The queue is asked first: that costs nothing. Where it is never empty, the list of sockets tells.
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
            // It says something, or has ended the connection: either way it took it.
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
    fn an_inherited_socket_is_well_once_its_connection_is_accepted() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let entry = |listener: &TcpListener| Entry::Inherited(listener.try_clone().unwrap());
        let refusal = Err("the service does not accept connections".to_owned());
        assert_eq!(entry(&listener).try_out(SHORT), refusal);
        let served = listener.try_clone().unwrap();
        let serving = std::thread::spawn(move || (served.accept().unwrap(), served.accept().unwrap()));
        assert_eq!(entry(&listener).try_out(PATIENCE), Ok(()));
        serving.join().unwrap();
        assert_eq!(entry(&listener).try_out(SHORT), refusal, "nobody accepts any more");
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
    fn a_port_of_its_own_is_well_while_somebody_listens() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(Entry::Own(port).try_out(PATIENCE), Ok(()));
        drop(listener);
        assert_eq!(Entry::Own(port).try_out(SHORT), Err("the service does not listen at the port".to_owned()));
        assert_eq!(Entry::Gone.try_out(SHORT), Err("the service has ended".to_owned()));
    }
}
