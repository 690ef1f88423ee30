SET GLOBAL binlog_row_metadata=MINIMAL;
SET GLOBAL log_bin_compress=1;
SET GLOBAL log_bin_compress_min_len=10;
SET timestamp=1600000000;
CREATE DATABASE shop;
USE shop;
CREATE TABLE p (id INT PRIMARY KEY, v VARCHAR(200), comment_that_makes_the_statement_compress_well_aaaaaaaaaaaaaaaa INT);
