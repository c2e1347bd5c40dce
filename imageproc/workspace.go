package imageproc

import "sync"

// workspace is the memory that taking a JPEG apart takes beside the input: the parser,
// the picture it makes, and room for their lists as long as photos usually have them.
// What is longer is ordinary memory. All but what the skimmer read has a fixed size,
// so that one assignment leaves nothing behind of a picture and its metadata.
type workspace struct {
	parser  jpegParser
	pic     picture
	skim    skimmer
	budget  scanBudget
	out     [64][]byte
	body    [64][]byte
	scanned [16]jpegData

	values   [64][]byte
	claims   [8]claim
	carriers [16]finding
	fields   [96]string
	tags     [160]ifdTag
	names    [160]string
	queue    [32]ifdRef
	made     arena
}

// workspaces are those in no use. A picture that nobody closes keeps its own: only
// calls that have come to their end give one back.
var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// close ends the use of a picture and of all that it says: nothing that a caller gets
// may lie in its workspace.
func (p *picture) close() {
	if p.work != nil {
		p.work.close()
	}
}

func (w *workspace) close() {
	w.skim.reset()
	*w = workspace{skim: w.skim}
	workspaces.Put(w)
}
