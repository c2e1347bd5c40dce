package imageproc

// readExtension sorts an extension. Only what tells how to show the next picture
// goes over as it stands; loops and profiles are written afresh.
func (p *gifParser) readExtension(at int) error {
	const part = "extension"
	if err := p.need(part, 1); err != nil {
		return err
	}
	label := p.data[p.pos]
	p.pos++
	switch label {
	case gifControl:
		return p.readControl(at)
	case gifApplication:
		return p.readApplication(at)
	}
	var blocks rope
	if err := p.subBlocks(part, at, func(b []byte) { blocks = append(blocks, b) }); err != nil {
		return err
	}
	p.scan.texts.add(p.scan.take(blocks.bytes()))
	size := p.pos - at
	switch label {
	case gifComment:
		p.pic.found.add("Comment extension", size, setOf(Comment))
	case gifPlainText:
		p.pic.found.add("Plain Text extension", size, setOf(Comment))
	default:
		p.pic.found.add("unknown extension", size, 0)
	}
	return nil
}

// readControl reads a graphic control extension, §23: flags, delay, transparent
// colour. Of several before one image, decoders go by the last.
func (p *gifParser) readControl(at int) error {
	p.dropControl()
	var first []byte
	more := 0
	err := p.subBlocks("graphic control extension", at, func(b []byte) {
		if first == nil {
			first = b
		} else {
			more += 1 + len(b)
		}
	})
	if err != nil {
		return err
	}
	if len(first) < 4 {
		return p.fail("graphic control extension", at, ErrCorrupt, "%d bytes", len(first))
	}
	if more += len(first) - 4; more > 0 {
		p.pic.found.add("bytes in a graphic control extension", more, 0)
	}
	c := []byte{gifExtension, gifControl, 4, first[0] & 0x1F, first[1], first[2], first[3], 0}
	if c[3]&1 == 0 {
		c[6] = 0 // no transparent colour
	}
	p.control = c
	return nil
}

// dropControl gives up a graphic control extension that no image followed.
func (p *gifParser) dropControl() {
	if p.control != nil {
		p.pic.found.add("graphic control extension without an image", len(p.control), 0)
		p.control = nil
	}
}

// readApplication reads an application extension, §26: eleven bytes that name
// the application, then data.
func (p *gifParser) readApplication(at int) error {
	const part = "application extension"
	var blocks rope
	var size int64
	if err := p.subBlocks(part, at, func(b []byte) {
		size += int64(len(b))
		blocks = append(blocks, b)
	}); err != nil {
		return err
	}
	name := ""
	if len(blocks) > 0 {
		name, blocks = string(blocks[0]), blocks[1:]
	}
	whole := p.data[at:p.pos]
	switch name {
	case "NETSCAPE2.0", "ANIMEXTS1.0":
		p.readLoop(name, blocks, whole)
	case "ICCRGBG1012":
		p.readProfile(blocks, whole)
	case "XMP DataXMP":
		p.pic.found.add("XMP DataXMP", len(whole), p.scan.xmp(whole))
	case "MGK8BIM0000", "MGKIPTC0000":
		joined := p.scan.take(blocks.bytes())
		p.pic.found.add(name[:7], len(whole), irbClasses(joined, p.scan)|iptcClasses(joined, p.scan.texts))
	case "C2PA_GIF\x01\x00\x00":
		store := blocks.bytes()
		p.pic.found.add("C2PA_GIF", len(whole), credentialClasses(store))
		p.scan.texts.claim(claimCredentials, store)
		p.pic.credentials(p.scan.texts, "C2PA_GIF", len(whole), store)
	default:
		p.scan.texts.add(p.scan.take(blocks.bytes()))
		p.pic.found.add("application extension", len(whole), 0)
	}
	return nil
}

// readLoop reads how often an animation plays: a sub-block of 1 and a number.
func (p *gifParser) readLoop(name string, blocks rope, whole []byte) {
	var loop []byte
	for _, b := range blocks {
		if len(b) == 3 && b[0] == 1 {
			loop = append(append([]byte("\x21\xFF\x0B"), name...), 3, 1, b[1], b[2], 0)
		}
	}
	if p.loop != nil && loop != nil {
		p.pic.found.add("application extension that is overruled", len(p.loop), 0)
	}
	if loop != nil {
		p.loop = loop
	}
	if rest := len(whole) - len(loop); rest > 0 {
		p.pic.found.add("bytes in an application extension", rest, 0)
	}
}

// readProfile keeps the first colour profile that is one.
func (p *gifParser) readProfile(blocks rope, whole []byte) {
	joined := blocks.bytes()
	var profile []byte
	if p.pic.icc == nil {
		profile = cleanICC(joined, p.pic)
	}
	if profile == nil {
		p.pic.found.add("ICCRGBG1", len(whole), 0)
		return
	}
	p.pic.icc = profile
	if over := len(joined) - len(checkICC(joined)); over > 0 {
		p.pic.found.add("bytes after ICC profile", over, 0)
	}
}
