module github.com/fitveil/fitveil/examples/quickstart/_portrait

go 1.26.0
