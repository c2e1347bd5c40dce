module github.com/fitveil/fitveil/sizing/_fit

go 1.26.0
