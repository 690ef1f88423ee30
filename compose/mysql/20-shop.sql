-- The sample database: users become hashes, orders JSON documents.
CREATE DATABASE IF NOT EXISTS shop DEFAULT CHARACTER SET utf8mb4;
USE shop;
SET NAMES utf8mb4;
SET SESSION cte_max_recursion_depth = 10000;

CREATE TABLE users (
  id INT PRIMARY KEY AUTO_INCREMENT,
  name VARCHAR(80) NOT NULL,
  email VARCHAR(120),
  credit DECIMAL(10,2) NOT NULL DEFAULT 0,
  joined TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO users (name, email, credit)
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
  SELECT CONCAT(ELT(1 + n % 5, 'Ada', 'Grace', 'Zoë', 'Ngozi', 'José'), ' ', ELT(1 + n % 7, 'Lovelace', 'Hopper', 'O''Hara', 'Núñez', 'Wei', '山田', 'Petrov')),
    IF(n % 10, CONCAT('user', n, '@example.org'), NULL), n * 37 % 10000 / 100
  FROM numbers;

CREATE TABLE orders (
  id INT PRIMARY KEY AUTO_INCREMENT,
  user_id INT NOT NULL,
  status ENUM('draft', 'paid', 'sent') NOT NULL,
  total DECIMAL(10,2) NOT NULL,
  note TEXT
);
INSERT INTO orders (user_id, status, total, note)
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 6000)
  SELECT 1 + n * 7919 % 2000, ELT(1 + n % 3, 'draft', 'paid', 'sent'), n * 613 % 50000 / 100, IF(n % 4, NULL, CONCAT('parcel ', n))
  FROM numbers;
