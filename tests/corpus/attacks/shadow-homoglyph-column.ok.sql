-- what: Vietnamese in a text and in a comment.

UPDATE public.events SET note = 'Khôi phục giai đoạn 1' WHERE domain = 'gov'; -- chỉ các dòng của ta
