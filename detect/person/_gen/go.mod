module github.com/fitveil/fitveil/detect/person/_gen

go 1.26.0
