package tryon

import (
	"slices"
	"time"
)

// SubProcessor is what a privacy notice or a register of processing has to say
// of one recipient of photos.
type SubProcessor struct {
	Name     string   `json:"name"`
	Region   string   `json:"region"`
	Backends []string `json:"backends"`
	Models   []string `json:"models,omitempty"`
	Hosts    []string `json:"hosts"`
	Tasks    []string `json:"tasks"`

	// In English: "not kept", "unknown" or a duration.
	Uploads  string `json:"uploads"`
	Outputs  string `json:"outputs"`
	AbuseLog string `json:"abuse_log"`
	// Erasable says that what is left there is deleted by a call.
	Erasable bool `json:"erasable"`
	Trains   bool `json:"trains,omitempty"`
	// Shutdown is the first day on which a configured model stops; "" for none known.
	Shutdown string `json:"shutdown,omitempty"`
	// Notices are the ids of the notices that name it, from the agreements.
	Notices []string `json:"notices,omitempty"`
}

// Disclosure lists who may receive a photo, in order of the routes, one entry
// for each backend. Backends that run in this process are not listed: nobody
// receives anything.
func (c *Client) Disclosure() []SubProcessor {
	list := []SubProcessor{}
	for i := range c.routes {
		r := &c.routes[i]
		p := &r.profile
		if !p.Remote() {
			continue
		}
		s := SubProcessor{
			Name: p.SubProcessor, Region: p.Region, Backends: []string{p.Name}, Hosts: slices.Clone(p.Hosts),
			Uploads: p.Uploads.String(), Outputs: p.Outputs.String(), AbuseLog: p.AbuseLog.String(),
			Erasable: r.eraser != nil, Trains: p.Trains,
		}
		if p.Model != "" {
			s.Models = []string{p.Model}
		}
		for _, t := range p.Tasks {
			s.Tasks = append(s.Tasks, t.String())
		}
		if m := r.model(); m != nil && !m.Shutdown.IsZero() {
			s.Shutdown = m.Shutdown.Format(time.DateOnly)
		}
		for j := range c.agreements {
			if n := c.agreements[j].SubProcessors[p.SubProcessor]; n != "" && !slices.Contains(s.Notices, n) {
				s.Notices = append(s.Notices, n)
			}
		}
		list = append(list, s)
	}
	return list
}
