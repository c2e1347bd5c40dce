module github.com/fitveil/fitveil/bench/plot

go 1.26.0
