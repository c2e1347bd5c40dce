// Package identity keeps a person the person: of a picture that somebody else
// drew it takes only the part that was to be edited, and leaves every other
// pixel as it was in the photograph.
//
//	report, err := identity.Measure(sent, drawn, ignore, face, nil)
//	if err != nil {
//		return err // an identity.ErrDrift: it is not the same person, pose or place
//	}
//	report.Compose(photo, drawn, region, identity.Place{Scale: 1})
//
// Models that draw on photographs draw all of it anew. Measure finds where
// their picture lies on the one that was sent, how much smaller, larger or
// turned it is, how its colours moved, and what else is different. What moved
// by more than the options allow is refused; what moved by less is moved back.
//
// # Limits
//
// Measure looks at what has texture outside of what is to be ignored. A picture
// without any is refused: nothing vouches for it, and Check says so before it is
// sent. What changes inside the
// region is not looked at here.
package identity
