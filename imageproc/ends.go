package imageproc

// Coded data may be followed by bytes that are no part of it and that no decoder
// looks at: behind the deflate stream in IDAT, behind the last block of a JPEG
// scan. Where the coding ends only its codes tell, and following them takes longer
// than all else that a strip does. Small files are followed in any case, and data
// that ends as no coded data does; StripOptions.Thorough has it done with all.

// alwaysFollowed is up to what size, in bytes, files always are.
const alwaysFollowed = 64 << 10

// follows says whether the codes of data with that end are to be followed.
func (x extras) follows(tail []byte) bool {
	return x.thorough || !x.silent && (x.size <= alwaysFollowed || oddEnd(tail))
}

// oddEnd says that the last bytes hardly are coded data: there is a run of ten
// printable ones among them, a word of five letters in UTF-16, or twelve times the
// same byte. Of sound data that is true of one picture of a hundred.
func oddEnd(data []byte) bool {
	data = data[max(0, len(data)-256):]
	print, same, wide := 0, 0, [2]int{}
	for i, c := range data {
		if print++; printable[c] == 0 {
			print = 0
		}
		if same++; i == 0 || c != data[i-1] {
			same = 1
		}
		if i > 0 {
			pair := &wide[i&1]
			if *pair++; c|data[i-1] == 0 || (c != 0 || printable[data[i-1]] == 0) && (data[i-1] != 0 || printable[c] == 0) {
				*pair = 0
			}
		}
		if print >= 10 || same >= 12 || wide[0] >= 5 || wide[1] >= 5 {
			return true
		}
	}
	return false
}
