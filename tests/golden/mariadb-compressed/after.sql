SET GLOBAL log_bin_compress=0;
