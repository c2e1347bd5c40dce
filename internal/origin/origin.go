// Package origin tells which site's page a request comes from, and whether that
// site may call.
package origin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Origin is a site that may call: an exact one, or with wild all hosts one
// label below it.
type Origin struct {
	scheme, host string // host with its port unless that is the scheme's own
	wild         bool
}

// List is the sites that may call.
type List []Origin

// ParseList reads each of sites as [Parse] does.
func ParseList(sites []string) (List, error) {
	l := make(List, 0, len(sites))
	for _, s := range sites {
		o, err := Parse(s)
		if err != nil {
			return nil, err
		}
		l = append(l, o)
	}
	return l, nil
}

// Allows reports whether the list covers a site that [Site] returned.
func (l List) Allows(site string) bool {
	return site != "" && slices.ContainsFunc(l, func(o Origin) bool { return o.matches(site) })
}

// Parse reads "https://shop.example", "https://shop.example:8443" or
// "https://*.shop.example". Plain http is taken for loopback names alone.
func Parse(s string) (Origin, error) {
	bad := func(why string) (Origin, error) { return Origin{}, fmt.Errorf("origin %q: %s", s, why) }
	scheme, host, ok := strings.Cut(s, "://")
	if !ok {
		return bad("want scheme://host")
	}
	o := Origin{scheme: scheme}
	o.host, o.wild = strings.CutPrefix(host, "*.")
	plain, ok := canonical(scheme + "://" + o.host)
	if !ok || plain != scheme+"://"+o.host {
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

// canonical is the origin of a URL the way a browser writes it. Names
// that are not plain ASCII, with a trailing dot, or with credentials are not
// an origin.
func canonical(raw string) (string, bool) {
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

func (o Origin) matches(site string) bool {
	scheme, host, _ := strings.Cut(site, "://")
	if scheme != o.scheme {
		return false
	}
	if !o.wild {
		return host == o.host
	}
	label, ok := strings.CutSuffix(host, "."+o.host)
	return ok && label != "" && !strings.Contains(label, ".")
}

// Site is where a request comes from: its Origin, or without one the origin of
// its Referer. named is false when it carries neither. A header that is there
// and makes no sense gives "", which no tenant allows.
func Site(r *http.Request) (site string, named bool) {
	if values, ok := r.Header["Origin"]; ok {
		if len(values) != 1 {
			return "", true
		}
		c, ok := canonical(values[0])
		if !ok || c != values[0] { // browsers send the canonical form
			return "", true
		}
		return c, true
	}
	if values, ok := r.Header["Referer"]; ok {
		c := ""
		if len(values) == 1 {
			c, _ = canonical(values[0])
		}
		return c, true
	}
	return "", false
}
