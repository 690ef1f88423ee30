USE shop;
SET timestamp=1700000000;
INSERT INTO p VALUES (1,REPEAT('a',200),1),(2,REPEAT('b',200),2);
UPDATE p SET v='short';
DELETE FROM p WHERE id=2;
ALTER TABLE p ADD COLUMN another_column_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa INT;
