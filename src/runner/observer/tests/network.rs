//! The judge's answers about sockets, addresses and names.

use super::*;

fn inet(ip: [u8; 4], port: u16) -> Vec<u8> {
    let mut bytes = (libc::AF_INET as u16).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes.extend_from_slice(&ip);
    bytes.extend_from_slice(&[0; 8]);
    bytes
}

fn unix(name: &[u8]) -> Vec<u8> {
    [&(libc::AF_UNIX as u16).to_ne_bytes()[..], name].concat()
}

fn dns_question() -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(b"\x05exfil\x08attacker\x07invalid\0\0\x01\0\x01");
    message
}

fn connect(judge: &mut Judge, tool: &mut Fake, socket: u64, address: &[u8]) -> CallAnswer {
    let at = tool.put(address);
    send(judge, tool, SystemCall::Connect, [socket, at, address.len() as u64, 0, 0, 0])
}

/// A message for `sendmsg`, to an address or to the socket's peer.
fn message(tool: &mut Fake, address: Option<&[u8]>, payload: &[u8]) -> Vec<u8> {
    let to = address.map_or(0, |address| tool.put(address));
    let length = address.map_or(0, |address| address.len() as u64);
    let payload_at = tool.put(payload);
    let pieces = tool.words(&[payload_at, payload.len() as u64]);
    // The upper half of the length is padding, which the kernel ignores.
    let words = [to, length | 0xdead_beef_0000_0000, pieces, 1, 0, 0, 0];
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

#[test]
fn a_unix_socket_that_the_resolver_tries_is_no_news_where_the_network_is_open() {
    let family = [libc::AF_UNIX as u64, 0, 0, 0, 0, 0];
    for (network, expected) in
        [(Network::Full, vec![]), (Network::None, vec!["forbidden socket family 1 denied 1".to_owned()])]
    {
        let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, network));
        assert_eq!(send(&mut judge, &mut tool, SystemCall::Socket, family), REFUSED);
        assert_eq!(seen(judge), expected, "{network}");
    }
}

#[test]
fn without_network_every_address_is_refused_and_reported() {
    for level in [IsolationLevel::Isolated, IsolationLevel::Confined] {
        let (mut judge, mut tool) = started(policy(level, Network::None));
        assert_eq!(connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 443)), REFUSED);
        let mut six = (libc::AF_INET6 as u16).to_ne_bytes().to_vec();
        six.extend_from_slice(&80_u16.to_be_bytes());
        six.extend_from_slice(&[0; 4]);
        six.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        six.extend_from_slice(&[0; 4]);
        assert_eq!(connect(&mut judge, &mut tool, 3, &six), REFUSED);
        assert_eq!(connect(&mut judge, &mut tool, 3, &[40, 0, 1, 2, 3, 4]), REFUSED);
        assert_eq!(connect(&mut judge, &mut tool, 3, &[2]), REFUSED);
        let (payload, to) = (tool.put(b"hello"), tool.put(&inet([192, 0, 2, 9], 9)));
        assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendto, [3, payload, 5, 0, to, 16]), REFUSED);
        let header = message(&mut tool, Some(&inet([192, 0, 2, 7], 7)), b"x");
        let header = tool.put(&header);
        assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendmsg, [3, header, 0, 0, 0, 0]), REFUSED);
        let at = tool.put(&inet([0, 0, 0, 0], 8080));
        assert_eq!(send(&mut judge, &mut tool, SystemCall::Bind, [3, at, 16, 0, 0, 0]), REFUSED);
        let expected = [
            "connect 192.0.2.1:443 denied 1".to_owned(),
            "connect [::1]:80 denied 1".to_owned(),
            "connect family 40 denied 1".to_owned(),
            format!("connect {UNREADABLE} denied 1"),
            "connect 192.0.2.9:9 denied 1".to_owned(),
            "connect 192.0.2.7:7 denied 1".to_owned(),
            "listen 0.0.0.0:8080 denied 1".to_owned(),
        ];
        assert_eq!(seen(judge), expected);
    }
}

#[test]
fn a_name_is_heard_because_the_name_server_seems_to_be_there() {
    let (mut judge, mut tool) = strict();
    tool.datagrams.insert(3);
    let server = inet([127, 0, 0, 53], 53);
    assert_eq!(connect(&mut judge, &mut tool, 3, &server), CallAnswer::Value(0));
    let header = message(&mut tool, None, &dns_question());
    let both = [header.as_slice(), &[0; 8], header.as_slice(), &[0; 8]].concat();
    let both = tool.put(&both);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendmmsg, [3, both, 2, 0, 0, 0]), REFUSED);
    let (question, to) = (tool.put(&dns_question()), tool.put(&server));
    let length = dns_question().len() as u64;
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendto, [4, question, length, 0, to, 16]), REFUSED);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendto, [3, question, length, 0, 0, 0]), REFUSED);
    assert_eq!(seen(judge), ["resolve exfil.attacker.invalid denied 4"]);
}

#[test]
fn a_connection_to_the_own_name_server_is_told_unless_questions_alone_explain_it() {
    let question = |judge: &mut Judge, tool: &mut Fake, socket| {
        let (text, length) = (tool.put(&dns_question()), dns_question().len() as u64);
        send(judge, tool, SystemCall::Sendto, [socket, text, length, 0, 0, 0]);
    };
    let (mut judge, mut tool) = strict();
    tool.datagrams.extend([3, 4, 5, 6]);
    // A question, and other data too.
    connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 53));
    question(&mut judge, &mut tool, 3);
    let other = tool.put(b"no question");
    send(&mut judge, &mut tool, SystemCall::Sendto, [3, other, 11, 0, 0, 0]);
    // No question; a foreign name server; a descriptor that is reconnected elsewhere.
    connect(&mut judge, &mut tool, 4, &inet([127, 0, 0, 1], 53));
    connect(&mut judge, &mut tool, 5, &inet([203, 0, 113, 9], 53));
    question(&mut judge, &mut tool, 5);
    connect(&mut judge, &mut tool, 6, &inet([127, 0, 0, 2], 53));
    connect(&mut judge, &mut tool, 6, &inet([127, 0, 0, 3], 80));
    let expected = [
        "resolve exfil.attacker.invalid denied 2",
        "connect 192.0.2.1:53 denied 1",
        "connect 203.0.113.9:53 denied 1",
        "connect 127.0.0.2:53 denied 1",
        "connect 127.0.0.3:80 denied 1",
        "connect 127.0.0.1:53 denied 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn a_stream_to_a_name_server_is_refused_at_once() {
    let (mut judge, mut tool) = strict();
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([127, 0, 0, 53], 53)), REFUSED);
}

#[test]
fn messages_without_an_address_go_on_where_no_thread_can_change_that() {
    let header_of = |tool: &mut Fake| {
        let header = message(tool, None, b"descriptors");
        tool.put(&header)
    };
    let (mut judge, mut tool) = strict();
    let header = header_of(&mut tool);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendmsg, [3, header, 0, 0, 0, 0]), CallAnswer::Continue);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Listen, [3, 1, 0, 0, 0, 0]), CallAnswer::Continue);
    let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::None));
    let header = header_of(&mut tool);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendmsg, [3, header, 0, 0, 0, 0]), REFUSED, "memory can change");
    let payload = tool.put(b"hello");
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendto, [3, payload, 5, 0, 0, 0]), CallAnswer::Continue);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Listen, [3, 1, 0, 0, 0, 0]), REFUSED);
    assert_eq!(seen(judge), ["listen a port chosen by the kernel denied 1"]);
}

#[test]
fn unix_sockets_are_refused_at_every_level_and_network() {
    for level in [IsolationLevel::Isolated, IsolationLevel::Confined] {
        for network in [Network::None, Network::Loopback, Network::Full] {
            let (mut judge, mut tool) = started(policy(level, network));
            tool.there.insert("/home/ada/work/in/agent.sock".into());
            for address in
                [&b"/run/docker.sock\0"[..], b"/home/ada/work/in/agent.sock\0", b"\0bus", b"/var/run/nscd/socket\0"]
            {
                assert_eq!(connect(&mut judge, &mut tool, 3, &unix(address)), REFUSED, "{level} {network}");
            }
            let at = tool.put(&unix(b"/scratch/own\0"));
            assert_eq!(send(&mut judge, &mut tool, SystemCall::Bind, [3, at, 20, 0, 0, 0]), REFUSED);
            let expected = [
                "connect unix:/run/docker.sock denied 1",
                "connect unix:{workspace}/in/agent.sock denied 1",
                "connect unix:@bus denied 1",
                "listen unix:{scratch}/own denied 1",
            ];
            assert_eq!(seen(judge), expected, "{level} {network}");
        }
    }
}

#[test]
fn no_memory_decides_whether_a_socket_is_connected_or_bound_without_network() {
    // Another thread can insert the address of a local socket afterwards.
    let (mut judge, mut tool) = strict();
    for call in [SystemCall::Connect, SystemCall::Bind] {
        let nobody = tool.put(&[0, 0]);
        for [at, length] in [[0, 0], [nobody, 2]] {
            assert_eq!(send(&mut judge, &mut tool, call, [3, at, length, 0, 0, 0]), REFUSED, "{call:?}");
        }
    }
}

#[test]
fn an_open_network_is_watched_and_not_touched() {
    let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::Full));
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 443)), CallAnswer::Continue);
    assert_eq!(connect(&mut judge, &mut tool, 4, &inet([192, 0, 2, 53], 53)), CallAnswer::Continue);
    let header = message(&mut tool, None, &dns_question());
    let one = tool.put(&[header.as_slice(), &[0; 8]].concat());
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Sendmmsg, [4, one, 1, 0, 0, 0]), CallAnswer::Continue);
    let expected = [
        "connect 192.0.2.1:443 allowed 1",
        "connect 192.0.2.53:53 allowed 1",
        "resolve exfil.attacker.invalid allowed 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn loopback_without_a_network_of_its_own_is_no_network() {
    let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::Loopback));
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([127, 0, 0, 1], 8080)), REFUSED);
}

#[test]
fn loopback_lets_itself_be_reached_and_says_what_lies_beyond() {
    let (mut judge, mut tool) = started(policy(IsolationLevel::Isolated, Network::Loopback));
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([127, 0, 0, 1], 8080)), CallAnswer::Continue);
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 80)), CallAnswer::Continue);
    assert_eq!(seen(judge), ["connect 127.0.0.1:8080 allowed 1", "connect 192.0.2.1:80 denied 1"]);
}
