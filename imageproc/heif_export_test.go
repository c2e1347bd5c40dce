package imageproc

// VerifyAgainst has the second walker read out as the output for in.
func VerifyAgainst(in, out []byte) error {
	pic, err := parse(in, Limits{}.orDefault(), extras{})
	if err != nil {
		return err
	}
	pic.out = rope{out}
	return pic.verify(extras{})
}
