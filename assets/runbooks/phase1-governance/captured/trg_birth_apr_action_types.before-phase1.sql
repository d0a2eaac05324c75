CREATE TRIGGER trg_birth_apr_action_types AFTER INSERT ON public.apr_action_types FOR EACH ROW EXECUTE FUNCTION public.fn_birth_registry_auto()
