package httpconsent

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/fitveil/fitveil/consent"
)

// Notice is a text with boxes, in one language.
type Notice struct {
	ID, Version, Language string // Language is a BCP 47 tag
	Text                  string // as it is shown, all of it
	Choices               []Choice
	Recipients            []string      // third parties that Text names; each purpose has those that the ledger's terms allow it
	For                   time.Duration // how long a yes holds; 0: until it is withdrawn
	Heartbeat             time.Duration // a yes ends when the page is silent for so long, see POST /beat; 0: it need not beat
}

// Choice is a box. None is ticked beforehand.
type Choice struct {
	Purpose consent.Purpose
	Label   string
	// Shares marks a purpose that sells or shares personal data, or serves
	// somebody else's advertising: Global Privacy Control refuses it.
	Shares bool
}

// SHA256 is the hash that receipts name the text by: over the text and the
// labels, a line feed after each.
func (n *Notice) SHA256() [32]byte {
	h := sha256.New()
	h.Write([]byte(n.Text + "\n"))
	for _, c := range n.Choices {
		h.Write([]byte(c.Label + "\n"))
	}
	return [32]byte(h.Sum(nil))
}

func (n *Notice) ref() consent.NoticeRef {
	return consent.NoticeRef{ID: n.ID, Version: n.Version, Language: n.Language, SHA256: n.SHA256()}
}

const maxHeartbeat = 24 * time.Hour // as grants have it

func (n *Notice) check() error {
	switch {
	case n.ID == "" || n.Version == "" || n.Language == "" || n.Text == "":
		return errors.New("a notice needs ID, Version, Language and Text")
	case len(n.Choices) == 0:
		return fmt.Errorf("notice %q has no choices", n.ID)
	case n.Heartbeat < 0 || n.Heartbeat%time.Second != 0 || n.Heartbeat > maxHeartbeat:
		return fmt.Errorf("notice %q: a heartbeat takes whole seconds, up to 24 hours", n.ID)
	case n.For < 0:
		return fmt.Errorf("notice %q holds for less than no time", n.ID)
	}
	seen := map[consent.Purpose]bool{}
	for _, c := range n.Choices {
		if c.Purpose == "" || c.Label == "" || seen[c.Purpose] {
			return fmt.Errorf("notice %q: each choice needs a purpose of its own and a label", n.ID)
		}
		seen[c.Purpose] = true
	}
	return nil
}
