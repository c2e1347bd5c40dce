package jpeg

// keeping says which coefficients the transform to n × n samples uses.
type keeping struct {
	count int       // of them, with DC
	last  int       // zigzag index of the last
	index [64]uint8 // zigzag indices of those kept, in order
	slot  [64]int8  // by zigzag index: the place among those kept, or -1
}

// kept is by n. The transforms to 2 and 4 samples, as libjpeg has them, stand
// for averages of the full one and use its high frequencies too; the others
// use the corner of n × n coefficients.
var kept = func() (t [9]keeping) {
	for n := 1; n <= 8; n++ {
		used := func(i uint8) bool {
			switch n {
			case 2:
				return i == 0 || i&1 == 1
			case 4:
				return i != 4
			}
			return int(i) < n
		}
		k := &t[n]
		for i, at := range zigzag {
			k.slot[i] = -1
			if used(at&7) && used(at>>3) {
				k.slot[i] = int8(k.count)
				k.index[k.count] = uint8(i)
				k.count++
				k.last = i
			}
		}
	}
	return t
}()
