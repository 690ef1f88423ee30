-- An account without a password, which the client of the tests can log in with; the ports are on the loopback interface.
CREATE USER 'witness'@'%';
GRANT ALL ON *.* TO 'witness'@'%' WITH GRANT OPTION;
