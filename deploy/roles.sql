-- Run by psql as a superuser, in each database while it is empty: who may do what in it.
-- The passwords come from the environment, so that any character may stand in them.
\getenv owner_password ATLAS_OWNER_PASSWORD
\getenv reader_password ATLAS_READER_PASSWORD

-- Migrates and seeds.
SELECT 'CREATE ROLE atlas_owner LOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'atlas_owner') \gexec
ALTER ROLE atlas_owner PASSWORD :'owner_password';
ALTER DATABASE :"DBNAME" OWNER TO atlas_owner;

-- Serves: reads every table that the owner makes, and changes nothing.
SELECT 'CREATE ROLE atlas_reader LOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'atlas_reader') \gexec
ALTER ROLE atlas_reader PASSWORD :'reader_password';
ALTER ROLE atlas_reader SET default_transaction_read_only = on;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO atlas_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE atlas_owner IN SCHEMA public GRANT SELECT ON TABLES TO atlas_reader;
