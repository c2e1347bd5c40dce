package imageproc

// VerifyAgainst has the second walker read out as the output for in.
func VerifyAgainst(in, out []byte) error { return VerifyKept(in, out, Keep{}) }

// VerifyKept is VerifyAgainst for an output that keeps something.
func VerifyKept(in, out []byte, keep Keep) error {
	x := extras{keep: keep}
	pic, err := parse(in, Limits{}.orDefault(), x)
	if err != nil {
		return err
	}
	pic.out, x.packet = rope{out}, pic.packet
	return pic.verify(x)
}
