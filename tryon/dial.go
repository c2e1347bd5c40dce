package tryon

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// dial connects to a host that the gate let through. What a name resolves to
// is checked after it is resolved, so that a name server cannot point a
// declared host at the inside of the shop's network.
func (g *gate) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !g.own(addr) {
		d.ControlContext = publicOnly
	}
	conn, err := d.DialContext(ctx, network, addr)
	return conn, g.dialed(err)
}

// publicOnly refuses one address of those that a name resolves to.
func publicOnly(_ context.Context, _, resolved string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(resolved)
	if err != nil || !public(ap.Addr()) {
		return &Error{Code: HostRefused, Reason: "private-address"}
	}
	return nil
}

// dialed remembers a refusal when no address of the name could be connected to.
// One refused address beside one that answers is no fault: behind NAT64 every
// name has one.
func (g *gate) dialed(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return g.refuse(e)
	}
	return err
}

// own reports whether addr may be an address that is not public: a host of the
// shop's own, or one that the profile gives as an address.
func (g *gate) own(addr string) bool {
	if !slices.Contains(g.profile.Hosts, addr) {
		return false
	}
	host, _, _ := net.SplitHostPort(addr)
	_, err := netip.ParseAddr(host)
	return g.profile.Private || err == nil
}

// notPublic are the ranges that netip has no word for.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),   // behind a carrier's NAT
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // measurements
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // IPv4 in disguise
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // IPv4 in disguise
	netip.MustParsePrefix("fec0::/10"),
}

// public reports whether a is an address of the open internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a.WithZone("")) })
}
