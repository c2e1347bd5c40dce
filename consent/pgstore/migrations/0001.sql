-- What the ledger keeps, row by row of a tenant. Nobody reads or writes a row
-- without having said, for this transaction, which tenant it is for; that holds
-- for the tables' owner, too.

create table consent_state (
	tenant  text   not null,
	subject bytea  not null check (length(subject) = 32),
	seq     bigint not null check (seq > 0),
	state   bytea  not null,
	primary key (tenant, subject)
) partition by hash (subject);

create table consent_events (
	tenant  text   not null,
	subject bytea  not null,
	seq     bigint not null check (seq > 0),
	leaf    bigint not null check (leaf >= 0),
	event   bytea  not null,
	primary key (tenant, subject, seq)
) partition by hash (subject);

create table consent_nonces (
	tenant text  not null,
	nonce  bytea not null,
	primary key (tenant, nonce)
) partition by hash (nonce);

create table consent_nodes (
	tenant text  not null,
	key    bytea not null,
	node   bytea not null,
	primary key (tenant, key)
) partition by hash (key);

do $$
declare
	t text;
	n int;
begin
	foreach t in array array['consent_state', 'consent_events', 'consent_nonces', 'consent_nodes'] loop
		for n in 0..15 loop
			execute format('create table %I partition of %I for values with (modulus 16, remainder %s)', t || '_' || n, t, n);
			execute format('alter table %I enable row level security', t || '_' || n);
			execute format('alter table %I force row level security', t || '_' || n);
			execute format('create policy tenant on %I using (tenant = nullif(current_setting(''fitveil.tenant'', true), ''''))', t || '_' || n);
		end loop;
		execute format('alter table %I enable row level security', t);
		execute format('alter table %I force row level security', t);
		execute format('create policy tenant on %I using (tenant = nullif(current_setting(''fitveil.tenant'', true), ''''))', t);
	end loop;
end
$$;

-- The greatest time each tenant has recorded. Whoever appends for a tenant locks
-- its row first, which puts the leaves of its log in order.
create table consent_clock (
	tenant text   primary key,
	latest bigint not null
);
create index consent_clock_latest on consent_clock (latest);

-- What has changed, for the other instances: a number that stands for some of
-- the people, and the transaction, so that a reader can tell what it cannot have
-- seen yet.
create table consent_outbox (
	id   bigint generated always as identity primary key,
	xid  xid8        not null default pg_current_xact_id(),
	slot smallint    not null,
	at   timestamptz not null default clock_timestamp()
);
create index consent_outbox_xid on consent_outbox (xid);
create index consent_outbox_at on consent_outbox (at);
