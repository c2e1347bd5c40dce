create table if not exists tryon_records (
	kind    text   not null,
	id      text   collate "C" not null,
	subject bytea,
	due     bigint,
	data    bytea  not null,
	primary key (kind, id)
);
create index if not exists tryon_records_subject on tryon_records (kind, subject, id) where subject is not null;
create index if not exists tryon_records_due on tryon_records (kind, due, id) where due is not null;

create table if not exists tryon_orders (
	id       text   primary key,
	tenant   text   not null,
	subject  bytea  not null,
	job      bigint not null default 0,
	state    text   not null,
	code     text   not null default '',
	until    bigint not null,
	photo    bytea,
	pictures bytea
);
create index if not exists tryon_orders_subject on tryon_orders (subject);
create index if not exists tryon_orders_until on tryon_orders (until);
