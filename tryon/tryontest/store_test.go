package tryontest_test

import (
	"testing"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/tryontest"
)

func TestMemory(t *testing.T) {
	tryontest.RunStore(t, func(*testing.T) tryon.Store { return &tryon.Memory{} })
}
