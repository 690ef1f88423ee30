USE shop;
SET timestamp=1700000000;
INSERT INTO j VALUES (1,'{"k": "a long enough string to be replaced in place", "l": [1,2,3]}',1,'{"z": 1}'),(2,NULL,2,'[]');
SET SESSION binlog_row_value_options=PARTIAL_JSON;
UPDATE j SET a=JSON_SET(a,'$.k','shorter') WHERE id=1;
UPDATE j SET a=JSON_REMOVE(a,'$.l[1]'), b='{"whole": true}' WHERE id=1;
UPDATE j SET n=5;
SET SESSION binlog_row_image=MINIMAL;
UPDATE j SET b=JSON_REPLACE(b,'$.whole',false) WHERE id=1;
