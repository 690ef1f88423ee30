USE shop;
SET timestamp=1700000000;
INSERT INTO a VALUES (1,'one','x'),(2,'two','y');
DELETE FROM a WHERE id=1;
