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
        if is_special(real) || is_special(ip) {
            return Err(Forbidden::Never(ip));
        }
        let listed = self.allow.iter().any(|net| net.contains(&real) || net.contains(&ip));
        let private = is_private(real) || is_private(ip);
        if private && !listed { Err(Forbidden::NotListed(ip)) } else { Ok(()) }
    }
}

/// The IPv4 address inside an IPv6 one, where a translator or tunnel would send it there: mapped
/// and compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052, and RFC 8215 in its usual
/// form), 6to4 (RFC 3056) and Teredo (RFC 4380).
fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let s = v6.segments();
    let v4 = |hi: u16, lo: u16| {
        let [a, b] = hi.to_be_bytes();
        let [c, d] = lo.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0 | 0xffff, hi, lo] | [0, 0, 0, 0, 0xffff, 0, hi, lo] => v4(hi, lo),
        [0x64, 0xff9b, 0, 0, 0, 0, hi, lo] | [0x64, 0xff9b, 1, _, _, _, hi, lo] => v4(hi, lo),
        [0x2002, hi, lo, ..] => v4(hi, lo),
        [0x2001, 0, _, _, _, _, hi, lo] => v4(!hi, !lo),
        _ => ip,
    }
}

/// Clouds' metadata services outside the link-local range: Alibaba, Oracle, Azure's host
/// (<https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16>) and
/// Google (IPv6, <https://cloud.google.com/compute/docs/metadata/querying-metadata>).
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

fn is_special(ip: IpAddr) -> bool {
    METADATA.contains(&ip)
        || ip.is_multicast()
        || ip.is_unspecified()
        || match ip {
            IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
            // Link-local, and AWS's services on the host: metadata, time, DNS, EKS identities
            // (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>).
            IpAddr::V6(v6) => {
                let s = v6.segments();
                s[0] & 0xffc0 == 0xfe80 || (s[0], s[1]) == (0xfd00, 0xec2)
            }
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
                || (s[0] == 0x64 && s[1] == 0xff9b && s[2] == 1) // a network's own NAT64 (RFC 8215)
                || (s[0] == 0x100 && s[1..4] == [0; 3]) // discarded (RFC 6666)
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
        for ip in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "172.32.0.1",
            "64:ff9b::101:101",
            "2001:4860:4860::8888",
        ] {
            assert_eq!(check(&[], ip), Ok(()), "{ip}");
        }
    }

    #[test]
    fn private_addresses_only_when_listed() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "::7f00:1",
            "::ffff:0:10.0.0.1",
            "64:ff9b:1::a00:1",
            "64:ff9b:1::101:101",
            "2001:0:53aa:64c:0:0:f5ff:fffe",
            "100::1",
        ] {
            assert!(matches!(check(&[], ip), Err(Forbidden::NotListed(_))), "{ip}");
        }
        assert_eq!(check(&["127.0.0.0/8"], "127.0.0.1"), Ok(()));
        assert_eq!(check(&["127.0.0.0/8"], "::ffff:127.0.0.1"), Ok(()));
        assert!(check(&["127.0.0.0/8"], "10.0.0.1").is_err());
    }

    #[test]
    fn metadata_and_link_local_addresses_never() {
        let all = ["0.0.0.0/0", "::/0"];
        for ip in [
            "169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::ffff:169.254.169.254",
            "2002:a9fe:a9fe::1",
            "224.0.0.1",
            "::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2001::5601:5601",
            "168.63.129.16",
            "fd20:ce::254",
            "fd00:ec2::23",
        ] {
            assert!(matches!(check(&all, ip), Err(Forbidden::Never(_))), "{ip}");
        }
    }
}
