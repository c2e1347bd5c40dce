package ends

import "strings"

// FaxCodes are the codes of runs of one colour, by their place in the tables of T.4.
func FaxCodes(black bool) []string {
	if black {
		return strings.Fields(ccittBlack + ccittLong)
	}
	return strings.Fields(ccittWhite + ccittLong)
}
