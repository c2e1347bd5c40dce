package resample

// Best is the fastest implementation for this machine.
func Best() Kernel { return Generic() }

// All lists the implementations that this machine can run.
func All() []Kernel { return []Kernel{Generic()} }
