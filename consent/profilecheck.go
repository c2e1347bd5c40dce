package consent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The words of a profile.
const (
	imagesPeople, imagesSpaces, imagesNone = "people", "spaces", "none"
	ageAdult, ageDigital, ageAny           = "adult", "digital-consent", "any"
	doArchive, doAnonymise, doErase        = "archive", "anonymise", "erase"
)

// forbidden are uses that no agreement behind the built-in profiles allows, and
// that fitveil is not made for.
var forbidden = []string{"biometric", "identification", "emotion", "face-recognition", "special-category"}

// check refuses a profile that promises two things at once.
func (d *profileDoc) check() error {
	switch {
	case !plainText(d.Name) || strings.ContainsAny(d.Name, "/ "):
		return errors.New("name missing, or with a blank or slash in it")
	case d.Version < 1:
		return errors.New("version missing")
	case !plainText(d.Title):
		return fmt.Errorf("title missing or over %d bytes", maxText)
	case !plainText(d.Withdrawal):
		return errors.New("withdrawal missing: how does one take a consent back?")
	case d.Images != imagesPeople && d.Images != imagesSpaces && d.Images != imagesNone:
		return fmt.Errorf("images is %q: say whether pictures show people, spaces or none; there is no default", d.Images)
	case !plainTexts(d.Regions):
		return errors.New("a region without a name")
	case d.BreachHours < 1 || d.NoticeDays < 0:
		return errors.New("breach_hours or notice_days missing")
	case len(d.Purposes) == 0 || len(d.Purposes) > maxList:
		return fmt.Errorf("want 1 to %d purposes", maxList)
	}
	if err := d.checkRetention(); err != nil {
		return err
	}
	if err := d.checkRecipients(); err != nil {
		return err
	}
	for i := range d.Purposes {
		p := &d.Purposes[i]
		if err := d.checkPurpose(i, p); err != nil {
			return fmt.Errorf("purpose %q: %w", p.Purpose, err)
		}
	}
	return nil
}

func (d *profileDoc) checkRetention() error {
	for i, r := range d.Retention {
		if r.Category.IRI() == "" {
			return fmt.Errorf("retention: unknown category %q", r.Category)
		}
		if slices.ContainsFunc(d.Retention[:i], func(o profileRetention) bool { return o.Category == r.Category }) {
			return fmt.Errorf("retention of %s: %w: it is there twice", r.Category, ErrAmbiguousStage)
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("retention of %s: %w", r.Category, err)
		}
	}
	return nil
}

func (r *profileRetention) check() error {
	for i, s := range r.Stages {
		switch {
		case i > 0 && !s.After.Longer(r.Stages[i-1].After):
			return fmt.Errorf("%w: %s after %v and %s after %v", ErrAmbiguousStage, r.Stages[i-1].Do, r.Stages[i-1].After, s.Do, s.After)
		case i > 0 && r.Stages[i-1].Do != doArchive:
			return fmt.Errorf("%w: %s after the data was %sd", ErrAmbiguousStage, s.Do, r.Stages[i-1].Do)
		case s.Do == doArchive && (len(s.Roles) == 0 || len(s.Reasons) == 0):
			return errors.New("an archive needs roles that may look and reasons for it")
		case s.Do != doArchive && (s.Roles != nil || s.Reasons != nil):
			return fmt.Errorf("%w: nobody looks at what was %sd", ErrContradiction, s.Do)
		case s.Do != doArchive && s.Do != doAnonymise && s.Do != doErase:
			return fmt.Errorf("%q is none of archive, anonymise, erase", s.Do)
		}
	}
	if len(r.Stages) == 0 || r.Stages[len(r.Stages)-1].Do == doArchive {
		return fmt.Errorf("%w: the last stage has to erase or anonymise", ErrNoEnd)
	}
	if r.Shortest.Longer(r.Stages[0].After) {
		return fmt.Errorf("%w: shortest is %v, the promise %v", ErrLongerThanPromise, r.Shortest, r.Stages[0].After)
	}
	return nil
}

func (d *profileDoc) checkRecipients() error {
	for i, r := range d.Recipients {
		switch {
		case !plainText(r.Name) || !plainText(r.Region):
			return errors.New("a recipient without name or region")
		case slices.ContainsFunc(d.Recipients[:i], func(o profileRecipient) bool { return o.Name == r.Name }):
			return fmt.Errorf("%w: recipient %q is there twice", ErrContradiction, r.Name)
		case r.OutsideEEA == (r.Region == "EEA"):
			return fmt.Errorf("%w: recipient %q is in region %q and outside_eea is %v", ErrContradiction, r.Name, r.Region, r.OutsideEEA)
		}
	}
	return nil
}

func (d *profileDoc) has(p Purpose) bool {
	return slices.ContainsFunc(d.Purposes, func(o profilePurpose) bool { return o.Purpose == p })
}

func (d *profileDoc) checkPurpose(i int, p *profilePurpose) error {
	switch {
	case !p.Purpose.valid():
		return errors.New("malformed")
	case slices.ContainsFunc(d.Purposes[:i], func(o profilePurpose) bool { return o.Purpose == p.Purpose }):
		return fmt.Errorf("%w: it is there twice", ErrContradiction)
	case slices.ContainsFunc(forbidden, func(word string) bool { return strings.Contains(string(p.Purpose), word) }):
		return ErrForbiddenPurpose
	case p.Basis.IRI() == "":
		return fmt.Errorf("basis is %q: want consent, contract, legitimate-interest or legal-obligation", p.Basis)
	case p.Role.IRI() == "":
		return fmt.Errorf("role is %q: want processor, controller or joint-controller", p.Role)
	case p.Age != ageAdult && p.Age != ageDigital && p.Age != ageAny:
		return fmt.Errorf("age is %q: want adult, digital-consent or any", p.Age)
	case p.Age == ageAny && (p.AgeUnstated || p.Guardian):
		return fmt.Errorf("%w: any age, and a rule about age", ErrContradiction)
	case len(p.Categories) == 0:
		return errors.New("categories missing")
	case (p.Purpose == GalleryPublish || p.Purpose == TransferOutsideEEA) && p.Basis != Consent:
		return fmt.Errorf("%w: it needs a consent of its own", ErrContradiction)
	case p.Purpose == GalleryPublish && p.Role != JointController:
		return fmt.Errorf("%w: publishing makes both sides controllers", ErrContradiction)
	case p.BundledWith != "" && d.Strict:
		return fmt.Errorf("%w: %w", ErrContradiction, ErrBundled)
	case p.BundledWith != "" && (p.BundledWith == p.Purpose || !d.has(p.BundledWith)):
		return fmt.Errorf("%w: bundled with %q", ErrContradiction, p.BundledWith)
	}
	for _, c := range p.Categories {
		if err := d.checkCategory(p, c); err != nil {
			return err
		}
	}
	for _, name := range p.Recipients {
		at := slices.IndexFunc(d.Recipients, func(r profileRecipient) bool { return r.Name == name })
		switch {
		case at < 0:
			return fmt.Errorf("recipient %q is not in the list of recipients", name)
		case d.Recipients[at].OutsideEEA && !d.has(TransferOutsideEEA):
			return fmt.Errorf("%w: recipient %q is outside the EEA, and there is no purpose %q", ErrContradiction, name, TransferOutsideEEA)
		}
	}
	return nil
}

// checkCategory checks one kind of data that a purpose uses.
func (d *profileDoc) checkCategory(p *profilePurpose, c Category) error {
	switch {
	case c.IRI() == "":
		return fmt.Errorf("unknown category %q", c)
	case !slices.ContainsFunc(d.Retention, func(r profileRetention) bool { return r.Category == c }):
		return fmt.Errorf("%w: no retention of %s", ErrNoEnd, c)
	case c == Photo && d.Images != imagesPeople:
		return fmt.Errorf("%w: a photo of a person, and pictures show %s", ErrContradiction, d.Images)
	case c == SpacePhoto && d.Images != imagesSpaces:
		return fmt.Errorf("%w: a photo of a space, and pictures show %s", ErrContradiction, d.Images)
	case c == Photo && p.Purpose == TryOnRender && p.Basis != Consent:
		return fmt.Errorf("%w: a photo of a person is drawn on with consent only", ErrContradiction)
	}
	return nil
}
