SET GLOBAL binlog_checksum=CRC32;
SET GLOBAL gtid_mode=ON_PERMISSIVE;
SET GLOBAL gtid_mode=ON;
