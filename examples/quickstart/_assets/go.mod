module github.com/fitveil/fitveil/examples/quickstart/_assets

go 1.26.0
