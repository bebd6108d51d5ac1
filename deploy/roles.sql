-- Run once by psql as a superuser, in an empty database: who may do what in it.
-- The passwords come from the environment, so that any character may stand in them.
\getenv owner_password ATLAS_OWNER_PASSWORD
\getenv reader_password ATLAS_READER_PASSWORD

-- Migrates and seeds.
CREATE ROLE atlas_owner LOGIN PASSWORD :'owner_password';
ALTER DATABASE :"DBNAME" OWNER TO atlas_owner;

-- Serves: reads every table that the owner makes, and changes nothing.
CREATE ROLE atlas_reader LOGIN PASSWORD :'reader_password';
ALTER ROLE atlas_reader SET default_transaction_read_only = on;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO atlas_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE atlas_owner IN SCHEMA public GRANT SELECT ON TABLES TO atlas_reader;
