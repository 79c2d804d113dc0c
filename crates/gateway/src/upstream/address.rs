//! Which addresses an upstream may have: a name that a tenant can choose must not reach the
//! machine's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Judges addresses at the moment of connecting, after DNS has answered.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow: Vec<IpNet>,
}

/// Why an address may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Link-local, metadata, multicast, unspecified: never.
    #[error("{0} is a link-local, cloud-metadata or otherwise special address: never called")]
    Never(IpAddr),
    /// Loopback or private: only when the operator lists it.
    #[error("{0} is a private address: the operator may allow it with --upstream-allow {0}")]
    NotListed(IpAddr),
}

impl Guard {
    /// Private addresses within `allow` may be called; special ones never.
    pub fn new(allow: Vec<IpNet>) -> Guard {
        Guard { allow }
    }

    /// Whether `ip` may be called.
    pub fn check(&self, ip: IpAddr) -> Result<(), Forbidden> {
        let real = embedded(ip);
        if is_special(real) {
            return Err(Forbidden::Never(ip));
        }
        let listed = self.allow.iter().any(|net| net.contains(&real) || net.contains(&ip));
        if is_private(real) && !listed { Err(Forbidden::NotListed(ip)) } else { Ok(()) }
    }
}

/// The IPv4 address inside an IPv6 one, where a translator would send it there: mapped
/// (RFC 4291), NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let s = v6.segments();
    let v4 = |hi: u16, lo: u16| {
        let [a, b] = hi.to_be_bytes();
        let [c, d] = lo.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, hi, lo] | [0x64, 0xff9b, 0, 0, 0, 0, hi, lo] => v4(hi, lo),
        [0x2002, hi, lo, ..] => v4(hi, lo),
        _ => ip,
    }
}

/// Clouds' metadata services outside the link-local range: AWS (IPv6), Alibaba, Oracle.
const METADATA: [IpAddr; 3] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

fn is_special(ip: IpAddr) -> bool {
    METADATA.contains(&ip)
        || ip.is_multicast()
        || ip.is_unspecified()
        || match ip {
            IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
            IpAddr::V6(v6) => v6.segments()[0] & 0xffc0 == 0xfe80,
        }
}

fn is_private(ip: IpAddr) -> bool {
    if ip.is_loopback() {
        return true;
    }
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_private()
                || (a == 100 && b & 0xc0 == 64) // shared (RFC 6598)
                || (a == 198 && b & 0xfe == 18) // benchmarks (RFC 2544)
                || (a == 192 && b == 0 && c == 0) // protocol assignments (RFC 6890)
                || a >= 240 // reserved
        }
        IpAddr::V6(v6) => {
            let s = v6.segments();
            s[0] & 0xfe00 == 0xfc00 // unique local
                || s[0] & 0xffc0 == 0xfec0 // site-local, deprecated
                || (s[0] == 0x2001 && s[1] == 0xdb8) // documentation
                || s[..6] == [0; 6] // IPv4-compatible, deprecated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[&str], ip: &str) -> Result<(), Forbidden> {
        let allow = allow.iter().map(|net| net.parse().unwrap()).collect();
        Guard::new(allow).check(ip.parse().unwrap())
    }

    #[test]
    fn public_addresses_may_be_called() {
        for ip in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "172.32.0.1"] {
            assert_eq!(check(&[], ip), Ok(()), "{ip}");
        }
    }

    #[test]
    fn private_addresses_only_when_listed() {
        for ip in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "100.64.0.1", "::1", "fd12::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"] {
            assert!(matches!(check(&[], ip), Err(Forbidden::NotListed(_))), "{ip}");
        }
        assert_eq!(check(&["127.0.0.0/8"], "127.0.0.1"), Ok(()));
        assert_eq!(check(&["127.0.0.0/8"], "::ffff:127.0.0.1"), Ok(()));
        assert!(check(&["127.0.0.0/8"], "10.0.0.1").is_err());
    }

    #[test]
    fn metadata_and_link_local_addresses_never() {
        let all = ["0.0.0.0/0", "::/0"];
        for ip in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::ffff:169.254.169.254", "2002:a9fe:a9fe::1", "224.0.0.1"] {
            assert!(matches!(check(&all, ip), Err(Forbidden::Never(_))), "{ip}");
        }
    }
}
