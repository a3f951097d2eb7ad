-- BigQuery's functions where DuckDB's, or those that sqlglot makes of them, answer otherwise: mends.py calls these.
-- They look at the type of an argument by typeof, which costs nothing: it is known before a row is read.

-- Whole units between two timestamps, and boundaries that are crossed between all else. Weeks begin on day w: 0 is
-- Sunday. The epoch was a Thursday; the sum is never negative, because // rounds to zero.
CREATE TEMP MACRO bq_week(x, w) AS (date_diff('day', DATE '1970-01-01', CAST(x AS DATE)) + 770004 - w) // 7;
CREATE TEMP MACRO bq_units(a, b, us) AS (epoch_us(CAST(a AS TIMESTAMPTZ)) - epoch_us(CAST(b AS TIMESTAMPTZ))) // us;
CREATE TEMP MACRO bq_is_timestamp(a, b) AS 'TIMESTAMP WITH TIME ZONE' IN (typeof(a), typeof(b));
-- A text that is no UUID fails with itself in the message. DuckDB's own error() may be in no expression that has a name.
CREATE TEMP MACRO bq_refuse_text(text) AS CAST(CAST(text AS UUID) AS VARCHAR);
CREATE TEMP MACRO bq_refuse(text) AS length(bq_refuse_text(text));
CREATE TEMP MACRO bq_diff(a, b, part, us) AS
  CASE WHEN bq_is_timestamp(a, b) THEN bq_units(a, b, us)
    WHEN us < 86400000000 AND typeof(a) = 'DATE'
      THEN bq_refuse('DATE_DIFF does not support the ' || part || ' date part when the argument is DATE type')
    ELSE date_diff(part, CAST(b AS TIMESTAMP), CAST(a AS TIMESTAMP)) END;
CREATE TEMP MACRO bq_week_diff(a, b, w) AS
  CASE WHEN bq_is_timestamp(a, b)
      THEN bq_refuse('TIMESTAMP_DIFF does not support the WEEK date part when the argument is TIMESTAMP type')
    ELSE bq_week(a, w) - bq_week(b, w) END;
CREATE TEMP MACRO bq_long_diff(a, b, part) AS
  CASE WHEN bq_is_timestamp(a, b)
      THEN bq_refuse('TIMESTAMP_DIFF does not support the ' || part || ' date part when the argument is TIMESTAMP type')
    ELSE date_diff(part, CAST(b AS TIMESTAMP), CAST(a AS TIMESTAMP)) END;
-- Whole days back to the day on which a week begins.
CREATE TEMP MACRO bq_days_into_week(x, w) AS (dayofweek(CAST(x AS TIMESTAMP)) - w + 7) % 7;
CREATE TEMP MACRO bq_week_trunc(x, w) AS
  cast_to_type(date_trunc('day', CAST(x AS TIMESTAMP)) - to_days(CAST(bq_days_into_week(x, w) AS INTEGER)), x);
CREATE TEMP MACRO bq_trunc(x, part) AS cast_to_type(date_trunc(part, CAST(x AS TIMESTAMP)), x);
CREATE TEMP MACRO bq_week_end(x, w) AS
  CAST(CAST(x AS DATE) + CAST(6 - bq_days_into_week(x, w) AS INTEGER) AS DATE);
CREATE TEMP MACRO bq_extract_week(x, w) AS
  (dayofyear(CAST(x AS TIMESTAMP)) - bq_days_into_week(x, w) + 6) // 7;
CREATE TEMP MACRO bq_extract_time(x, part) AS
  CASE WHEN typeof(x) = 'DATE' THEN bq_refuse('EXTRACT from DATE does not support the ' || part || ' date part')
    WHEN part = 'MILLISECOND' THEN date_part('millisecond', CAST(x AS TIMESTAMP)) % 1000
    WHEN part = 'MICROSECOND' THEN date_part('microsecond', CAST(x AS TIMESTAMP)) % 1000000
    ELSE date_part(part, CAST(x AS TIMESTAMP)) END;
CREATE TEMP MACRO bq_time(x) AS CAST(CAST(x AS TIMESTAMP) AS TIME);
CREATE TEMP MACRO bq_datetime(x) AS CAST(x AS TIMESTAMP);
CREATE TEMP MACRO bq_unix(us, unit) AS (us - (us % unit + unit) % unit) // unit;
CREATE TEMP MACRO bq_unix_seconds(x) AS bq_unix(epoch_us(x), 1000000);
CREATE TEMP MACRO bq_unix_millis(x) AS bq_unix(epoch_us(x), 1000);

-- Elements of a format that strftime does not have.
CREATE TEMP MACRO bq_format_Q(x) AS CAST(quarter(CAST(x AS TIMESTAMP)) AS VARCHAR);
CREATE TEMP MACRO bq_format_e(x) AS lpad(CAST(day(CAST(x AS TIMESTAMP)) AS VARCHAR), 2, ' ');
CREATE TEMP MACRO bq_format_k(x) AS lpad(CAST(hour(CAST(x AS TIMESTAMP)) AS VARCHAR), 2, ' ');
CREATE TEMP MACRO bq_format_l(x) AS lpad(CAST((hour(CAST(x AS TIMESTAMP)) + 11) % 12 + 1 AS VARCHAR), 2, ' ');
CREATE TEMP MACRO bq_format_C(x) AS lpad(CAST(year(CAST(x AS TIMESTAMP)) // 100 AS VARCHAR), 2, '0');
CREATE TEMP MACRO bq_format_g(x) AS lpad(CAST(isoyear(CAST(x AS TIMESTAMP)) % 100 AS VARCHAR), 2, '0');
CREATE TEMP MACRO bq_format_E4Y(x) AS lpad(CAST(year(CAST(x AS TIMESTAMP)) AS VARCHAR), 4, '0');
CREATE TEMP MACRO bq_format_s(x) AS CAST(bq_unix_seconds(CAST(x AS TIMESTAMP)) AS VARCHAR);
CREATE TEMP MACRO bq_format_P(x) AS lower(strftime(CAST(x AS TIMESTAMP), '%p'));
CREATE TEMP MACRO bq_format_ES(x, digits) AS
  strftime(CAST(x AS TIMESTAMP), '%S.') || substr(strftime(CAST(x AS TIMESTAMP), '%f'), 1, digits);
CREATE TEMP MACRO bq_format_ES_all(x) AS regexp_replace(strftime(CAST(x AS TIMESTAMP), '%S.%f'), '\.?0*$', '');
CREATE TEMP MACRO bq_strftime(x, format) AS strftime(CAST(x AS TIMESTAMP), format);

-- Casts.
CREATE TEMP MACRO bq_is_int64(text) AS regexp_full_match(trim(text), '[+-]?([0-9]+|0[xX][0-9a-fA-F]+)');
CREATE TEMP MACRO bq_int64(x) AS
  CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT)
    WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_int64(CAST(x AS VARCHAR))
      THEN bq_refuse('Bad int64 value: ' || CAST(x AS VARCHAR))
    ELSE CAST(x AS BIGINT) END;
CREATE TEMP MACRO bq_safe_int64(x) AS
  CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN TRY_CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT)
    WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_int64(CAST(x AS VARCHAR)) THEN NULL
    ELSE TRY_CAST(x AS BIGINT) END;
CREATE TEMP MACRO bq_is_bool(text) AS lower(text) IN ('true', 'false');
CREATE TEMP MACRO bq_bool(x) AS
  CASE WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_bool(CAST(x AS VARCHAR))
      THEN CAST(bq_refuse('Bad bool value: ' || CAST(x AS VARCHAR)) AS BOOLEAN)
    ELSE CAST(x AS BOOLEAN) END;
CREATE TEMP MACRO bq_safe_bool(x) AS
  CASE WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_bool(CAST(x AS VARCHAR)) THEN NULL ELSE TRY_CAST(x AS BOOLEAN) END;
-- With 15 digits, or with 17 where it takes as many to read the number again.
CREATE TEMP MACRO bq_float_text(x) AS
  CASE WHEN x = 0 THEN '0' WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CAST(x AS VARCHAR)
    WHEN CAST(printf('%.15g', x) AS DOUBLE) = x THEN printf('%.15g', x) ELSE printf('%.17g', x) END;
CREATE TEMP MACRO bq_decimal_text(text) AS
  CASE WHEN contains(text, '.') THEN rtrim(rtrim(text, '0'), '.') ELSE text END;
-- The fraction in groups of three digits.
CREATE TEMP MACRO bq_time_text(text) AS regexp_replace(regexp_replace(text, '(000)+$', ''), '\.$', '');
CREATE TEMP MACRO bq_string(x) AS
  CASE
    WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN bq_float_text(TRY_CAST(x AS DOUBLE))
    WHEN typeof(x) LIKE 'DECIMAL%' THEN bq_decimal_text(CAST(x AS VARCHAR))
    WHEN typeof(x) = 'TIMESTAMP'
      THEN bq_time_text(strftime(TRY_CAST(x AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f'))
    WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE'
      THEN bq_time_text(strftime(CAST(TRY_CAST(x AS TIMESTAMPTZ) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')) || '+00'
    WHEN typeof(x) = 'BLOB' THEN decode(TRY_CAST(x AS BLOB))
    ELSE CAST(x AS VARCHAR)
  END;

-- Numbers. Only what lies in the middle of two for the computer needs a second look: it may lie above or below it.
CREATE TEMP MACRO bq_is_middle(x, n) AS n > 0 AND isfinite(x) AND abs(x) < 1e9 AND (abs(x) * pow(10, n)) % 1 = 0.5;
CREATE TEMP MACRO bq_round(x, n) AS
  CASE WHEN bq_is_middle(CAST(x AS DOUBLE), n)
      AND NOT contains(printf('%.' || (n + 20) || 'f', CAST(x AS DOUBLE)), '50000000000000000000')
      THEN CAST(printf('%.' || n || 'f', CAST(x AS DOUBLE)) AS DOUBLE)
    ELSE round(CAST(x AS DOUBLE), n) END;
CREATE TEMP MACRO bq_div(a, b) AS
  a // CASE WHEN b = 0 THEN bq_refuse('division by zero: ' || a || ' / ' || b) ELSE b END;
CREATE TEMP MACRO bq_mod(a, b) AS
  a % CASE WHEN b = 0 THEN bq_refuse('division by zero: MOD(' || a || ', ' || b || ')') ELSE b END;
CREATE TEMP MACRO bq_generate_array(a, b, step) AS
  list_transform(range(CAST(floor((b - a) / step + 1e-9) AS BIGINT) + 1), lambda i: CAST(a + i * step AS DOUBLE));

-- Texts.
CREATE TEMP MACRO bq_start(text, p) AS CASE WHEN p > 0 THEN p WHEN p = 0 THEN 1 ELSE greatest(length(text) + p + 1, 1) END;
CREATE TEMP MACRO bq_substr(text, p) AS substring(text, bq_start(text, p)),
  (text, p, n) AS
    CASE WHEN n < 0 THEN bq_refuse_text('Third argument in SUBSTR() cannot be negative')
      ELSE substring(text, bq_start(text, p), n) END;
CREATE TEMP MACRO bq_left(text, n) AS
  CASE WHEN n < 0 THEN bq_refuse_text('Second argument in LEFT() cannot be negative') ELSE left(text, n) END;
CREATE TEMP MACRO bq_right(text, n) AS
  CASE WHEN n < 0 THEN bq_refuse_text('Second argument in RIGHT() cannot be negative') ELSE right(text, n) END;
CREATE TEMP MACRO bq_repeat(text, n) AS
  CASE WHEN n < 0 THEN bq_refuse_text('Second argument (repeat count) for REPEAT cannot be negative')
    ELSE repeat(text, n) END;
CREATE TEMP MACRO bq_pad(text, width) AS
  CASE WHEN abs(width) <= length(text) THEN text
    WHEN width < 0 THEN text || repeat(' ', -width - length(text)) ELSE repeat(' ', width - length(text)) || text END;

-- Arrays.
CREATE TEMP MACRO bq_at(list, i) AS
  list[CASE WHEN i < 0 OR i >= len(list) THEN bq_refuse('Array index ' || i || ' is out of bounds') ELSE i + 1 END];
CREATE TEMP MACRO bq_at_ordinal(list, i) AS
  list[CASE WHEN i < 1 OR i > len(list) THEN bq_refuse('Array index ' || i || ' is out of bounds') ELSE i END];
CREATE TEMP MACRO bq_array_slice(list, first, last) AS
  list_slice(list, CASE WHEN first < 0 THEN first ELSE first + 1 END, CASE WHEN last < 0 THEN last ELSE last + 1 END);
CREATE TEMP MACRO bq_first(list, n) AS list_slice(list, 1, n);
CREATE TEMP MACRO bq_array_is_distinct(list) AS len(list) = len(list_distinct(list)) + (list_count(list) < len(list))::INT;
-- The list has to be in the text of the query: the engine takes it before it reads a row.
CREATE TEMP MACRO bq_quantiles(x, shares) AS quantile_disc(x, shares);

-- JSON.
CREATE TEMP MACRO bq_json(x) AS CASE WHEN json_valid(x) THEN x END;
CREATE TEMP MACRO bq_json_type(x) AS
  CASE json_type(x) WHEN 'UBIGINT' THEN 'number' WHEN 'BIGINT' THEN 'number' WHEN 'DOUBLE' THEN 'number'
    WHEN 'VARCHAR' THEN 'string' ELSE lower(json_type(x)) END;
CREATE TEMP MACRO bq_to_json_string(x) AS
  CASE WHEN x IS NULL THEN 'null'
    WHEN typeof(x) IN ('DOUBLE', 'FLOAT')
      THEN CASE WHEN isfinite(TRY_CAST(x AS DOUBLE)) THEN bq_float_text(TRY_CAST(x AS DOUBLE))
        ELSE '"' || bq_float_text(TRY_CAST(x AS DOUBLE)) || '"' END
    WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN '"' || replace(replace(bq_string(x), ' ', 'T'), '+00', 'Z') || '"'
    WHEN typeof(x) = 'TIMESTAMP' THEN '"' || replace(bq_string(x), ' ', 'T') || '"'
    ELSE CAST(to_json(x) AS VARCHAR) END;

-- FORMAT.
CREATE TEMP MACRO bq_text_s(x) AS
  CASE WHEN typeof(x) NOT IN ('VARCHAR', 'JSON') THEN bq_refuse_text('Invalid type for an argument to FORMAT; Expected STRING')
    ELSE CAST(x AS VARCHAR) END;
CREATE TEMP MACRO bq_text_t(x) AS
  CASE WHEN typeof(x) LIKE '%]' OR typeof(x) LIKE 'STRUCT%'
      THEN bq_refuse_text('the embedded BigQuery cannot do this, and BigQuery can: FORMAT with %t of an array or a struct')
    WHEN typeof(x) = 'TIMESTAMP' THEN bq_string(x)
    ELSE coalesce(bq_string(x), 'NULL') END;
CREATE TEMP MACRO bq_grouped(x) AS format('{:,}', CAST(x AS BIGINT));
CREATE TEMP MACRO bq_grouped_decimals(x, n) AS format('{:,.' || n || 'f}', CAST(x AS DOUBLE));
CREATE TEMP MACRO bq_offset_minutes(x, zone) AS
  date_diff('minute', CAST(CAST(x AS TIMESTAMPTZ) AS TIMESTAMP), timezone(zone, CAST(x AS TIMESTAMPTZ)));
CREATE TEMP MACRO bq_offset_text(minutes) AS
  CASE WHEN minutes < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(minutes) // 60 AS VARCHAR), 2, '0')
    || CASE WHEN minutes % 60 = 0 THEN '' ELSE ':' || lpad(CAST(abs(minutes) % 60 AS VARCHAR), 2, '0') END;
CREATE TEMP MACRO bq_string_in_zone(x, zone) AS
  bq_string(timezone(zone, CAST(x AS TIMESTAMPTZ))) || bq_offset_text(bq_offset_minutes(x, zone));

CREATE TEMP MACRO bq_shift_right(x, n) AS
  CASE WHEN n = 0 THEN x ELSE (CAST(x AS BIGINT) >> n) & (9223372036854775807 >> (n - 1)) END;
CREATE TEMP MACRO bq_sign(x) AS cast_to_type(sign(x), x);
CREATE TEMP MACRO bq_date_minus(a, b) AS to_days(CAST(a - b AS INTEGER));
CREATE TEMP MACRO bq_timestamp_bucket(x, width) AS
  cast_to_type(time_bucket(width, CAST(x AS TIMESTAMP), TIMESTAMP '1950-01-01'), x);
CREATE TEMP MACRO bq_date_bucket(x, width) AS bq_timestamp_bucket(x, width);
CREATE TEMP MACRO bq_datetime_bucket(x, width) AS bq_timestamp_bucket(x, width);
-- The most frequent first.
CREATE TEMP MACRO bq_top_count(x, n) AS
  list_transform(
    list_slice(
      list_reverse_sort(
        list_transform(map_entries(histogram(x)), lambda e: {'count': CAST(e.value AS BIGINT), 'value': e.key})
      ), 1, n
    ), lambda e: {'value': e.value, 'count': e.count}
  );
