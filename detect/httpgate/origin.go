package httpgate

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// origin is a site that may call: an exact one, or with wild all hosts one
// label below it.
type origin struct {
	scheme, host string // host with its port unless that is the scheme's own
	wild         bool
}

// parseOrigin reads "https://shop.example", "https://shop.example:8443" or
// "https://*.shop.example". Plain http is taken for loopback names alone.
func parseOrigin(s string) (origin, error) {
	bad := func(why string) (origin, error) { return origin{}, fmt.Errorf("httpgate: origin %q: %s", s, why) }
	scheme, host, ok := strings.Cut(s, "://")
	if !ok {
		return bad("want scheme://host")
	}
	o := origin{scheme: scheme}
	o.host, o.wild = strings.CutPrefix(host, "*.")
	canonical, ok := canonicalOrigin(scheme + "://" + o.host)
	if !ok || canonical != scheme+"://"+o.host {
		return bad("want lower-case ASCII scheme and host, a port only where it is not the usual one, and nothing behind it")
	}
	name, _, _ := strings.Cut(o.host, ":")
	if o.wild && strings.Count(name, ".") == 0 {
		return bad("a wildcard for a whole top-level domain")
	}
	if scheme == "http" && name != "localhost" && name != "127.0.0.1" {
		return bad("http is for localhost; use https")
	}
	return o, nil
}

// canonicalOrigin is the origin of a URL the way a browser writes it. Names
// that are not plain ASCII, with a trailing dot, or with credentials are not
// an origin.
func canonicalOrigin(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.Opaque != "" {
		return "", false
	}
	name := u.Hostname()
	if name == "" || strings.HasSuffix(name, ".") {
		return "", false
	}
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return "", false
		}
	}
	out := u.Scheme + "://" + name
	if p := u.Port(); p != "" && p != map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		out += ":" + p
	} else if p == "" && strings.HasSuffix(u.Host, ":") {
		return "", false
	}
	return out, true
}

func (o origin) matches(canonical string) bool {
	scheme, host, _ := strings.Cut(canonical, "://")
	if scheme != o.scheme {
		return false
	}
	if !o.wild {
		return host == o.host
	}
	label, ok := strings.CutSuffix(host, "."+o.host)
	return ok && label != "" && !strings.Contains(label, ".")
}

// site is where a request comes from: its Origin, or without one the origin of
// its Referer. named is false when it carries neither. A header that is there
// and makes no sense gives "", which no tenant allows.
func site(r *http.Request) (canonical string, named bool) {
	if values, ok := r.Header["Origin"]; ok {
		if len(values) != 1 {
			return "", true
		}
		c, ok := canonicalOrigin(values[0])
		if !ok || c != values[0] { // browsers send the canonical form
			return "", true
		}
		return c, true
	}
	if values, ok := r.Header["Referer"]; ok {
		c := ""
		if len(values) == 1 {
			c, _ = canonicalOrigin(values[0])
		}
		return c, true
	}
	return "", false
}
