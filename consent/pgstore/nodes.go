package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// nodes are a tenant's trees within a transaction. What was read is kept, and
// what is written goes to the database in one statement at the end.
type nodes struct {
	ctx     context.Context // of the transaction, which ends with it
	tx      pgx.Tx
	tenant  string
	known   map[string][]byte // nil: there is none
	changed map[string]bool
}

func newNodes(ctx context.Context, tx pgx.Tx, tenant string) *nodes {
	return &nodes{ctx: ctx, tx: tx, tenant: tenant, known: make(map[string][]byte), changed: make(map[string]bool)}
}

// Nodes implements [merkle.Reader].
func (n *nodes) Nodes(keys [][]byte) ([][]byte, error) {
	var missing [][]byte
	for _, k := range keys {
		if _, known := n.known[string(k)]; !known {
			missing = append(missing, k)
			n.known[string(k)] = nil
		}
	}
	if len(missing) > 0 {
		rows, err := n.tx.Query(n.ctx, "select key, node from consent_nodes where tenant = $1 and key = any($2)", n.tenant, missing)
		if err != nil {
			return nil, err
		}
		var key, node []byte
		_, err = pgx.ForEachRow(rows, []any{&key, &node}, func() error {
			n.known[string(key)] = node
			key, node = nil, nil
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = n.known[string(k)]
	}
	return out, nil
}

// Put implements [merkle.Writer].
func (n *nodes) Put(key, node []byte) error {
	if len(node) == 0 {
		node = nil
	}
	n.known[string(key)], n.changed[string(key)] = node, true
	return nil
}

// flush queues what was written.
func (n *nodes) flush(b *pgx.Batch) {
	var keys, values, gone [][]byte
	for k := range n.changed {
		if v := n.known[k]; v != nil {
			keys, values = append(keys, []byte(k)), append(values, v)
		} else {
			gone = append(gone, []byte(k))
		}
	}
	if len(keys) > 0 {
		b.Queue(`insert into consent_nodes (tenant, key, node) select $1, * from unnest($2::bytea[], $3::bytea[])
			on conflict (tenant, key) do update set node = excluded.node`, n.tenant, keys, values)
	}
	if len(gone) > 0 {
		b.Queue("delete from consent_nodes where tenant = $1 and key = any($2)", n.tenant, gone)
	}
}
