-- Beyond that, it writes to the disk: 20 million orders take half of the time that they take in 80 % of 24 GiB.
SET memory_limit = '4GiB';
SET allowed_directories = ['$uploads'];
-- They would make a table of emails a third smaller, and writing it take a fifth longer.
SET disabled_compression_methods = 'fsst,dict_fsst';
SET enable_external_access = false;
SET lock_configuration = true;
