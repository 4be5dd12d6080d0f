"""Catalogue: where values come from, and those that lost."""

from __future__ import annotations

from schema.entity import DEPARTMENT, Entity, value

ENTITIES = (
    Entity(
        "conflict",
        "registry.conflict",
        "{a}.conflict_id",
        (
            value("field", "text", "字段", "Field"),
            value("value", "text", "落选值", "The value that lost"),
            value("kept_value", "text", "采用值", "The value that is kept"),
            value("reason", "text", "原因", "authority or newer"),
            DEPARTMENT,
        ),
        (),
        "冲突值",
        "A value that lost to another source's",
        owner="human_resources",
        sensitive=frozenset({"value", "kept_value"}),
        node=False,
    ),
    Entity(
        "provenance",
        "(SELECT v.person_id, s.key AS field, r.source_record_id, r.department, r.feed, b.file_name, r.line, r.as_of"
        " FROM (SELECT person_id, sources FROM registry.person"
        " UNION ALL SELECT person_id, sources FROM registry.wish) v"
        " CROSS JOIN LATERAL jsonb_each_text(v.sources) s"
        " JOIN intake.source_record r ON r.source_record_id = s.value::bigint"
        " JOIN intake.batch b USING (batch_id))",
        "{a}.field",
        (
            value("field", "text", "字段", "Field of the person or of their wishes"),
            value("department", "text", "来源部门", "Department", "department"),
            value("feed", "text", "数据源", "Feed"),
            value("file_name", "text", "文件", "File, as it came"),
            value("line", "int", "行号", "Line of the file"),
            value("as_of", "date", "数据日期", "Since when the source says so"),
        ),
        (),
        "来源",
        "Where one value comes from",
        owner="human_resources",
        sensitivity="internal",
        node=False,
        identity="{a}.person_id || '-' || {a}.field",
    ),
)
