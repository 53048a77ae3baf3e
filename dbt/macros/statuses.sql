{#- A status as the words of conf/vocabularies/statuses.yml are compared:
    without case and outer blanks, full-width forms as plain ones. -#}
{% macro status_word(status) -%}
    lower(translate(
        btrim({{ status }}, ' \t\r\n\u00a0\u3000\u200b\ufeff'),
        '！＄＆（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｜～',
        '!$&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz|~'
    ))
{%- endmacro %}
