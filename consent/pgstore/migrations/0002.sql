-- Until when the sessions are alive that consents are bound to: a row for each
-- person and purpose, moved on by each heartbeat at whichever instance.
create table consent_sessions (
	tenant  text   not null,
	subject bytea  not null check (length(subject) = 32),
	purpose text   not null,
	ends    bigint not null, -- microseconds since 1970
	primary key (tenant, subject, purpose)
) with (fillfactor = 70);
create index consent_sessions_ends on consent_sessions (tenant, ends);
alter table consent_sessions enable row level security;
alter table consent_sessions force row level security;
create policy tenant on consent_sessions using (tenant = nullif(current_setting('fitveil.tenant', true), ''));
