package consent

// For the fuzz targets, which need the parsers behind files and stores.

// ParseKeys parses a key file.
var ParseKeys = parseKeys

// OpenState reports whether row opens as a state of who.
func OpenState(k Keys, who Subject, seq uint64, row []byte) error {
	_, err := decodeState(k.k.get(), who, seq, row)
	return err
}

// ReadFields runs the reader of a state row behind the seal.
func ReadFields(k Keys, who Subject, fields []byte) error {
	row := append(fields, sealState(k.k.get(), who, fields)...)
	_, err := decodeState(k.k.get(), who, 1, row)
	return err
}
