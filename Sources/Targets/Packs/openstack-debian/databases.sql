-- The databases of all services but nova's cells, and the one user that has them.
create database if not exists keystone;
create database if not exists placement;
create database if not exists glance;
create database if not exists neutron;
create database if not exists nova_api;
create user if not exists openstack@localhost;
alter user openstack@localhost identified by '{{ DATABASE_PASSWORD }}';
grant all on keystone.* to openstack@localhost;
grant all on placement.* to openstack@localhost;
grant all on glance.* to openstack@localhost;
grant all on neutron.* to openstack@localhost;
grant all on nova_api.* to openstack@localhost;
grant all on `nova\_cell%`.* to openstack@localhost;
