-- Can run any number of times: what is there keeps its rows, and gets the password.
select 'create role replication login replication' where not exists (select from pg_roles where rolname = 'replication') \gexec
alter role replication password '{{ REPLICATION_PASSWORD }}';
select 'create role app login' where not exists (select from pg_roles where rolname = 'app') \gexec
alter role app password '{{ APP_PASSWORD }}';
select 'create database app owner app' where not exists (select from pg_database where datname = 'app') \gexec
\connect app
create table if not exists proof (id bigint generated always as identity primary key, at timestamptz not null default now());
alter table proof owner to app;
